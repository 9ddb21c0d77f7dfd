// Commits, newest first: the graph of merges, what each did to labels and metrics, its diff, and
// taking it back. One block for a page of them.
const LANE = 14
const ROW = 62
const MAX_LANES = 8 // more lines side by side are drawn on one another

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".commits")
  list.style.setProperty("--graph", `${(Math.min(MAX_LANES, data.n_lanes) + 0.5) * LANE}px`)
  list.replaceChildren(...data.items.map((item) => row(item, setTriggerValue)))
}

function row(item, setTriggerValue) {
  const root = element("article", "commit")
  const text = element("div", "text")
  const link = element("a", "subject", item.subject)
  Object.assign(link, { href: item.href, target: "_self", title: item.message })
  const refs = item.refs.map((ref) => element("span", `ref ${ref.kind}`, ref.name))
  const head = element("div", "head")
  head.append(link, ...refs)
  const facts = element("div", "facts")
  facts.append(element("code", "", item.short), ` ${item.author} · `, titled(element("time", "", item.ago), item.at))
  const done = element("div", `done${item.is_empty ? " nothing" : ""}`, item.done)
  if (item.warning) done.append(titled(element("span", "warning", "despite errors"), item.warning))
  text.append(head, facts, done)
  root.append(graph(item), text, metric(item), actions(item, setTriggerValue))
  return root
}

function metric({ accuracy, delta, tone, accuracy_title: title }) {
  const root = titled(element("div", "metric"), title)
  if (accuracy) root.append(element("b", "", accuracy), element("small", tone, delta ?? ""))
  return root
}

function actions(item, setTriggerValue) {
  const root = element("div", "actions")
  const diff = element("a", "button", "Changes")
  Object.assign(diff, { href: item.href, target: "_self", title: "every label that it changed, as pictures" })
  const revert = element("button", "button", "Revert")
  revert.type = "button"
  revert.title = "take back what it did to labels; later commits stay"
  revert.disabled = !item.can_revert
  revert.onclick = () => setTriggerValue("revert", item.revision)
  root.append(diff, revert)
  return root
}

// A dot on its lane, and the lines that pass or lead to the parents below.
function graph({ lane, lines, is_merge: isMerge }) {
  const x = (i) => (Math.min(i, MAX_LANES - 1) + 0.75) * LANE
  const picture = svg("svg", { class: "graph", "aria-hidden": "true", preserveAspectRatio: "none", viewBox: `0 0 ${x(MAX_LANES)} ${ROW}`, width: x(MAX_LANES), height: "100%" })
  const middle = ROW / 2
  for (const [from, to, part] of lines) {
    const [y0, y1] = part === "above" ? [0, middle] : part === "below" ? [middle, ROW] : [0, ROW]
    const bend = (y0 + y1) / 2
    picture.append(svg("path", { class: `lane${to % 4}`, d: `M${x(from)},${y0}C${x(from)},${bend} ${x(to)},${bend} ${x(to)},${y1}` }))
  }
  const root = element("div", "graph-box")
  root.append(picture)
  const dot = element("span", isMerge ? "dot merge" : "dot")
  dot.style.left = `${x(lane)}px`
  root.append(dot)
  return root
}

function titled(node, title) {
  node.title = title
  return node
}

function element(name, className = "", text = null) {
  const node = document.createElement(name)
  if (className) node.className = className
  if (text !== null) node.textContent = text
  return node
}

function svg(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  return node
}
