// A confusion matrix whose cells are buttons: rows are given labels, columns predicted ones.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const table = parentElement.querySelector("table")
  const worst = Math.max(1, ...data.counts.flatMap((row, r) => row.filter((_, c) => c !== r)))
  const most = Math.max(1, ...data.counts.flat())
  const head = document.createElement("tr")
  head.append(corner(), ...data.classes.map((name) => header(name, "col")))
  const rows = data.counts.map((counts, r) => {
    const row = document.createElement("tr")
    row.append(header(data.classes[r], "row"))
    counts.forEach((count, c) => row.append(cell(count, r, c)))
    return row
  })
  table.setAttribute("aria-label", "Confusion matrix: rows are given labels, columns predicted ones")
  table.replaceChildren(head, ...rows)

  function cell(count, r, c) {
    const td = document.createElement("td")
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = count || ""
    button.disabled = count === 0
    button.dataset.cell = `${r},${c}`
    button.className = r === c ? "right" : "wrong"
    if (data.selected && data.selected[0] === r && data.selected[1] === c) {
      button.classList.add("selected")
    }
    const share = r === c ? (count / most) * 0.45 : Math.sqrt(count / worst) * 0.55 // text stands on it
    button.style.setProperty("--share", `${Math.round(share * 100)}%`)
    const names = [data.classes[r], data.classes[c]]
    button.title = `given ${names[0]}, predicted ${names[1]}: ${count}`
    button.setAttribute("aria-label", button.title) // the number alone says not of what
    button.setAttribute("aria-pressed", button.classList.contains("selected"))
    button.onclick = () => setTriggerValue("cell", names)
    td.append(button)
    return td
  }
}

function corner() {
  const th = document.createElement("th")
  th.className = "corner"
  th.textContent = "given \\ predicted"
  return th
}

function header(name, scope) {
  const th = document.createElement("th")
  th.scope = scope
  th.title = name
  th.textContent = name.length > 12 ? `${name.slice(0, 5)}…${name.slice(-6)}` : name
  return th
}
