// Values with their intervals, a row each: a name (perhaps a link), a track, a number.
export default function (component) {
  const { data, parentElement } = component
  const rows = parentElement.querySelector(".rows")
  rows.classList.toggle("long", data.name_em > 12)
  rows.style.setProperty("--name-width", `${data.name_em}em`)
  rows.replaceChildren(...data.rows.map((item) => row(item, data.low, data.high)))
}

function row(item, low, high) {
  const at = (value) => `${(100 * (Math.min(Math.max(value, low), high) - low)) / (high - low)}%`
  const root = element("div", `row ${item.tone}`)
  root.title = item.title
  const track = element("span", "track")
  if (item.value !== null) {
    const has_interval = item.low !== null
    const fill = element("span", has_interval ? "interval" : "fill")
    fill.style.left = has_interval ? at(item.low) : "0"
    fill.style.right = `calc(100% - ${at(has_interval ? item.high : item.value)})`
    track.append(fill)
    if (has_interval) {
      const dot = element("span", "dot")
      dot.style.left = at(item.value)
      track.append(dot)
    }
  }
  if (item.mark !== null) {
    const mark = element("span", "mark")
    mark.style.left = at(item.mark)
    track.append(mark)
  }
  const name = element(item.href ? "a" : "span", "name", item.label)
  if (item.label.length > 12) cutMiddle(name, item.label)
  if (item.href) name.href = item.href
  root.append(name, track, element("span", "number", item.text))
  return root
}

// Names that begin alike differ at their ends: where one does not fit, its middle goes.
function cutMiddle(node, text) {
  const cut = Math.max(Math.ceil(text.length / 2), text.length - 9)
  node.classList.add("fits")
  node.replaceChildren(element("span", "begin", text.slice(0, cut)), element("span", "end", text.slice(cut)))
}

function element(name, className, text = "") {
  const node = document.createElement(name)
  node.className = className
  node.textContent = text
  return node
}
