// Runs in the page's head, before Streamlit.
//
// Streamlit looks for its server below the path of the page first, which is one 404 each of two
// files for /review and all other views: it is told that the server is at the root.
window.__streamlit = { ...window.__streamlit, BACKEND_BASE_URL: `${location.origin}/` }

// Streamlit makes a step of the Back button of every change of the address: of the path, of what
// stands behind it, once more as it leaves a view, and of each filter. A step is what a person
// opened: a view, a dataset, an example, a queue; and of one click or key there is one at most.
{
  const OPENED = { "/example": ["dataset", "example"], "/review": ["dataset", "queue"] }
  const push = history.pushState
  let isMade = true // a step was made since a person last did something
  let before = null // the address as it was then, where it was renewed since
  const touch = () => [isMade, before] = [false, null]
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, touch, { capture: true })
  addEventListener("popstate", () => { isMade = true }, { capture: true })
  history.pushState = function pushState(state, title, url) {
    const [from, to] = [new URL(location.href), new URL(url ?? location.href, location.href)]
    const isSamePath = from.pathname === to.pathname
    const opened = OPENED[to.pathname] ?? ["dataset"]
    const isSame = isSamePath && opened.every((name) => from.searchParams.get(name) === to.searchParams.get(name))
    if (isSame || isMade) {
      if (isSame && !isMade) before ??= from.href
      return history.replaceState(state, title, url)
    }
    // what was written into the view that is left was already the address of the next one
    if (before && !isSamePath) history.replaceState(history.state, "", before)
    isMade = true
    return push.call(history, state, title, url)
  }
}

// Streamlit draws the views as items of a list with a block between the two, which is no list; so
// none of it is one: links in a navigation.
{
  const parts = "[data-testid=stSidebarNavItems], [data-testid=stSidebarNavItems] li"
  const dropListRoles = () => {
    for (const part of document.querySelectorAll(`:is(${parts}):not([role=none])`)) part.setAttribute("role", "none")
  }
  // of the surfaces it sees nothing: they are in shadow roots
  new MutationObserver(dropListRoles).observe(document, { childList: true, subtree: true })
}
