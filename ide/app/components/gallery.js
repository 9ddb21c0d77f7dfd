// A page of examples as one block: pictures by URL, loaded when they come into sight.
// A plain click opens an example here; a click with a modifier opens its address in a new tab.
export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component
  const grid = parentElement.querySelector(".grid")
  grid.style.setProperty("--tile", `${data.size}px`)
  grid.classList.toggle("text", data.items.some((item) => item.text !== null || item.is_sound))
  const choice = choosing(grid, data, setStateValue)
  grid.replaceChildren(...data.items.flatMap((item) => [
    ...(item.heading ? [element("h4", "heading", item.heading)] : []),
    tile(item, data, setTriggerValue, choice),
  ]))
}

const N_END_TINY = 2 // letters of a name's end that show on the smallest tiles
const SMALLEST_WITH_FILE = 80 // pixels of a tile that has a line for the file's name

function tile(item, data, setTriggerValue, choice) {
  const root = element("div", `tile ${item.tone}`)
  root.classList.toggle("chosen", Boolean(choice?.has(item.id)))
  const link = element(item.href ? "a" : "div", "open") // what is not imported yet has no page
  if (item.href) link.href = item.href
  link.title = item.title
  link.dataset.example = item.id
  if (item.href) link.onclick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    setTriggerValue("open", item.id)
  }
  if (item.is_sound) root.append(sound(item)) // beside the link: playing opens nothing
  else link.append(item.text === null ? picture(item, data.size) : element("p", "words", item.text))
  if (item.label !== null) link.append(caption(item, data.size < SMALLEST_WITH_FILE ? N_END_TINY : 7))
  if (item.file && data.size >= SMALLEST_WITH_FILE) link.append(named("span", item.file, "file"))
  if (item.why) link.append(element("span", "why", item.why))
  root.append(link)
  if (choice) root.append(choice.box(item))
  if (item.action) {
    const button = element("button", "action", item.action)
    button.type = "button"
    button.title = item.action_title
    button.onclick = () => {
      button.disabled = true
      setTriggerValue("act", item.action_id)
    }
    root.append(button)
  }
  return root
}

function sound(item) {
  const player = element("audio", "sound")
  Object.assign(player, { controls: true, preload: "none", src: item.url })
  player.setAttribute("aria-label", item.title)
  return player
}

function picture(item, size) {
  const image = element("img")
  image.loading = "lazy"
  image.decoding = "async"
  image.alt = item.title
  image.onload = () => {
    image.classList.toggle("pixels", image.naturalWidth * 2 < size)
    layOnWhite(image)
  }
  image.src = item.url
  return image
}

// See-through parts stand on white, as for the network, in a dark theme too; what the picture
// leaves free of its frame does not.
function layOnWhite(image) {
  const { naturalWidth: width, naturalHeight: height } = image
  const sheet = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="100%" height="100%" fill="#fff"/></svg>`
  image.style.background = `url("data:image/svg+xml,${encodeURIComponent(sheet)}") center / contain no-repeat`
}

// Write a name whose middle goes where it does not fit: names that begin alike differ at their ends.
function named(name, text, kind = "", nEnd = 7) {
  const node = element(name, kind)
  if (text.length <= 7) node.textContent = text
  else {
    const cut = Math.max(Math.ceil(text.length / 2), text.length - Math.min(nEnd, text.length <= 12 ? 4 : 7))
    node.classList.add("fits")
    node.append(element("span", "begin", text.slice(0, cut)), element("span", "end", text.slice(cut)))
  }
  return node
}

const MOST_IN_A_LINE = 9 // letters of two classes that have room beside each other

// A class with what it is to the one before it.
function side(relation, name) {
  const node = element("span", "side")
  node.append(element("span", "arrow", relation), " ", name)
  return node
}

function caption(item, nEnd) {
  const line = element("span", "caption")
  const isTwo = item.before !== null && item.before !== item.label
  const names = [isTwo ? item.before : "", item.label, item.other ?? ""]
  const nLetters = names.join("").length
  const isCrowded = names.filter(Boolean).length > 1 && nLetters > MOST_IN_A_LINE
  line.classList.toggle("stacked", isCrowded || (item.note.length > 6 && nLetters + item.note.length > 2 * MOST_IN_A_LINE))
  if (isTwo) line.append(named("s", item.before, "", nEnd), " ", side("→", named("b", item.label, "", nEnd)))
  else line.append(named("b", item.label, "", nEnd))
  if (item.other !== null) line.append(" ", side(item.relation, named("em", item.other, "", nEnd)))
  if (item.note) line.append(element("i", "", item.note))
  return line
}

function element(name, className = "", text = null) {
  const node = document.createElement(name)
  if (className) node.className = className
  if (text !== null) node.textContent = text
  return node
}
