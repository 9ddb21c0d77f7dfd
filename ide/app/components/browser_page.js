// What is of the page as a whole: who labels in this tab.
const A_YEAR_S = 365 * 24 * 3600

export default function (component) {
  keepAnnotator(component)
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
