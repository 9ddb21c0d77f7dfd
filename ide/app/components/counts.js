// What the sidebar counts, each a link: drawn with the page, and again when a surface that is worked
// by keys hears from the server that a number is another.
const heard = new WeakMap() // element → what ends the hearing

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".counts")
  let shown = ""
  const show = (items) => {
    if (JSON.stringify(items) === shown) return // who is at a link by the keyboard stays there
    shown = JSON.stringify(items)
    list.replaceChildren(...items.filter((item) => item.text).map((item) => link(item, setTriggerValue)))
  }
  show(data.items)
  heard.get(parentElement)?.abort()
  const controller = new AbortController()
  heard.set(parentElement, controller)
  addEventListener("upwell-counts", (event) => show(event.detail.sidebar), { signal: controller.signal })
  return () => controller.abort()
}

// A plain click goes within the page; one with a modifier opens the address in a new tab.
function link(item, setTriggerValue) {
  const root = document.createElement("a")
  Object.assign(root, { href: item.href, title: item.title, className: item.tone })
  root.dataset.key = item.key
  root.onclick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    setTriggerValue("go", item.key)
  }
  const icon = document.createElement("span")
  icon.className = "icon"
  icon.textContent = item.icon
  icon.setAttribute("aria-hidden", "true")
  root.append(icon, item.text)
  return root
}
