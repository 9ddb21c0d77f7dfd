// Branches: how far each is ahead and behind, going there, merging it in.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".branches")
  list.replaceChildren(...data.items.map((item) => row(item, data.current, setTriggerValue)))
}

function row(item, current, setTriggerValue) {
  const root = element("article", item.is_current ? "branch current" : "branch")
  const head = element("div", "head")
  const name = element("b", "name", item.name)
  name.title = `${item.name}: ${item.subject}`
  head.append(name, element("span", "distance", item.distance))
  const facts = element("div", "facts", item.facts)
  facts.title = item.subject
  root.append(head, facts)
  if (!item.is_current) {
    const actions = element("div", "actions")
    const act = (trigger, text, title) => {
      const button = element("button", "button", text)
      Object.assign(button, { type: "button", title, onclick: () => { button.disabled = true; setTriggerValue(trigger, item.name) } })
      return button
    }
    actions.append(act("switch", item.is_remote ? "Check out" : "Switch", `go to ${item.name}`))
    if (item.can_merge) actions.append(act("merge", "Merge", `merge ${item.name} into ${current}: every edit of both stays`))
    root.append(actions)
  }
  return root
}

function element(name, className = "", text = null) {
  const node = document.createElement(name)
  if (className) node.className = className
  if (text !== null) node.textContent = text
  return node
}
