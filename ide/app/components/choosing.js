// Choosing tiles: a box on each. What is chosen is held here, so that a box answers at once, and is
// told at once, so that a button pressed next means what is seen; the page may put another choice
// in its place, which it says with a new epoch.
function choosing(grid, { chosen, items }, setStateValue) {
  if (!chosen) return null
  const order = items.map((item) => item.id)
  const isOld = grid.choice?.epoch === chosen.epoch
  const ids = new Set((isOld ? [...grid.choice.ids] : chosen.ids).filter((id) => order.includes(id)))
  const choice = { epoch: chosen.epoch, ids, last: isOld ? grid.choice.last : null }
  grid.choice = choice

  function toggle(id, isRange) {
    const isOn = !choice.ids.has(id)
    const [from, to] = [order.indexOf(choice.last), order.indexOf(id)].sort((a, b) => a - b)
    const meant = isRange && from >= 0 ? order.slice(from, to + 1) : [id]
    for (const each of meant) isOn ? choice.ids.add(each) : choice.ids.delete(each)
    choice.last = id
    show()
    setStateValue("chosen", { epoch: choice.epoch, ids: [...choice.ids] })
  }

  function show() {
    for (const tile of grid.querySelectorAll(".tile")) {
      const box = tile.querySelector(".pick input")
      if (!box) continue
      box.checked = choice.ids.has(box.value)
      tile.classList.toggle("chosen", box.checked)
    }
  }

  function box(item) {
    const label = document.createElement("label")
    label.className = "pick"
    const input = document.createElement("input")
    Object.assign(input, { type: "checkbox", value: item.id, checked: choice.ids.has(item.id) })
    input.setAttribute("aria-label", `Select ${item.id}`)
    input.onclick = (event) => toggle(item.id, event.shiftKey)
    label.append(input)
    return label
  }

  return { box, has: (id) => choice.ids.has(id) }
}

