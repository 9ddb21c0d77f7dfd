// Commits in a row, oldest first: a cell each, coloured by its verdict; a click opens its diff.
const MANY = 40

export default function (component) {
  const { data, parentElement } = component
  const cells = parentElement.querySelector(".cells")
  cells.classList.toggle("many", data.items.length > MANY)
  const focused = parentElement.querySelector("a:focus")
  const at = focused ? [...cells.children].indexOf(focused) : -1
  cells.replaceChildren(...data.items.map(cell))
  if (at >= 0) cells.children[at]?.focus()
}

function cell(item) {
  const root = document.createElement("a")
  root.className = `cell ${item.mark} ${item.value ? "measured" : ""}`
  root.href = item.href
  root.title = item.title
  root.setAttribute("aria-label", item.title)
  for (const key of ["name", "value"]) {
    const line = document.createElement("span")
    line.className = key
    line.textContent = item[key]
    root.append(line)
  }
  return root
}
