// The line at the bottom of the window: where we are, how good it is, what is running.
const watched = new WeakMap()

export default function (component) {
  const { data, parentElement } = component
  const line = parentElement.querySelector(".line")
  const show = (items) => line.replaceChildren(...items.filter((entry) => entry.text).map(item))
  show(data.items)
  if (!watched.has(parentElement)) watched.set(parentElement, follow(parentElement, line))
  watched.get(parentElement).show = (counts) => {
    const byKey = new Map(counts.line.map((entry) => [entry.key, entry]))
    show(data.items.map((entry) => byKey.get(entry.key) ?? entry))
  }
  return () => {
    watched.get(parentElement)?.end()
    watched.delete(parentElement)
  }
}

// Keep the line as wide as the part of the page beside the sidebar, and its counts as a surface
// that is worked by keys hears them from the server.
function follow(parentElement, line) {
  const host = parentElement.host ?? parentElement
  let area = host.parentElement
  while (area && !/auto|scroll/.test(getComputedStyle(area).overflowY)) area = area.parentElement
  const place = () => {
    const { left, width } = (area ?? document.body).getBoundingClientRect()
    line.style.left = `${left}px`
    line.style.width = `${width}px`
  }
  const observer = new ResizeObserver(place)
  observer.observe(area ?? document.body)
  place()
  const followed = { show: () => {}, end }
  const hear = (event) => followed.show(event.detail)
  addEventListener("upwell-counts", hear)
  function end() {
    observer.disconnect()
    removeEventListener("upwell-counts", hear)
  }
  return followed
}

// A narrow screen shows the number alone, where there is one: the icon says of what.
function span(className, text) {
  const node = document.createElement("span")
  node.className = className
  node.textContent = text
  return node
}

function item(entry) {
  const root = document.createElement(entry.href ? "a" : "span")
  if (entry.href) Object.assign(root, { href: entry.href, target: "_self" })
  root.className = `item ${entry.tone}${entry.is_last ? " last" : ""}`
  root.title = entry.title
  if (entry.text.length < 5) root.style.flex = "none" // a number that is cut is another number
  if (entry.icon) {
    const icon = document.createElement("span")
    icon.className = "icon"
    icon.textContent = entry.icon
    icon.setAttribute("aria-hidden", "true")
    root.append(icon)
  }
  root.append(span("text", entry.text))
  const number = /^[\d.,]+( %)?(?= )/.exec(entry.text)?.[0]
  if (number && !entry.is_last) root.append(span("number", number))
  if (entry.share !== null) {
    const meter = document.createElement("progress")
    meter.value = entry.share
    meter.max = 1
    root.append(meter)
  }
  return root
}
