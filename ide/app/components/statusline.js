// The line at the bottom of the window: where we are, how good it is, what is running.
const watched = new WeakMap()

export default function (component) {
  const { data, parentElement } = component
  const line = parentElement.querySelector(".line")
  line.replaceChildren(...data.items.map(item))
  if (!watched.has(parentElement)) watched.set(parentElement, follow(parentElement, line))
  return () => {
    watched.get(parentElement)?.disconnect()
    watched.delete(parentElement)
  }
}

// Keep the line as wide as the part of the page beside the sidebar.
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
  return observer
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
