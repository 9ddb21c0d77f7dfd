// What is of the page as a whole: who labels in this tab, and what is said when the server is gone.
const A_YEAR_S = 365 * 24 * 3600

export default function (component) {
  keepAnnotator(component)
  watchServer()
}

/** The tab keeps its own annotator, also where another tab of this browser is another person's; the
 *  cookie has the last that was chosen, for new tabs, and the server reads it before it draws. */
function keepAnnotator({ data, setTriggerValue }) {
  try {
    const kept = sessionStorage.getItem(data.cookie)
    if (kept === data.annotator) return
    if (kept && !data.is_chosen) {
      setTriggerValue("kept", kept) // the session is new: it does not know this tab
      return
    }
    sessionStorage.setItem(data.cookie, data.annotator)
  } catch { // storage is forbidden here: the session alone knows
  }
  if (!data.is_chosen) return
  const value = encodeURIComponent(data.annotator)
  document.cookie = `${data.cookie}=${value}; path=/; max-age=${A_YEAR_S}; samesite=strict`
}

const ASK_MS = 2000
const GONE = "The workbench does not answer. It may have been stopped: start it again with upwell open. " +
  "What you label meanwhile is kept in this browser, and sent when it is back."
let observer = null

/** Say in our words that the server is gone, in a line that takes no keys: Streamlit's dialog would
 *  take them all. */
function watchServer() {
  observer ??= new MutationObserver(replaceDialog)
  observer.observe(document.body, { childList: true }) // dialogs are the body's own children
}

function replaceDialog() {
  for (const dialog of document.querySelectorAll("[data-testid=stDialog]:not([data-is-replaced])")) {
    if (!dialog.textContent.includes("Connection error")) continue
    dialog.dataset.isReplaced = "true"
    dialog.style.display = "none"
    dialog.querySelector("button")?.click() // its only one closes it, until the server was back
    document.activeElement?.blur()
    sayGone()
  }
}

function sayGone() {
  if (document.getElementById("upwell-gone")) return
  const line = document.createElement("p")
  Object.assign(line, { id: "upwell-gone", className: "upwell-gone", textContent: GONE })
  line.setAttribute("role", "alert")
  document.body.append(line)
  const timer = setInterval(async () => {
    const isBack = await fetch("/_stcore/health", { cache: "no-store" }).then((r) => r.ok, () => false)
    if (!isBack) return
    clearInterval(timer)
    line.remove()
  }, ASK_MS)
}
