// Keys belong to the surface again as soon as a person is through with what is beside it: a field
// that keeps the focus would take the next keys, a button the next Enter and Space.

const OPEN = "[role=dialog], [role=menu], [data-testid=stPopoverBody]";
const SETTLE_MS = 30; // a list is closed by then

/** Return the focus to the surface after Enter in a field, and after a click. */
export function keepFocus(surface, signal) {
  addEventListener("keydown", (event) => {
    const target = event.composedPath()[0];
    if (event.key !== "Enter" || event.isComposing || target.tagName !== "INPUT" || !isBeside(surface, event)) return;
    if (isTypedIn(target) && !target.closest("form, [data-testid=stForm]") && !isOpen(target)) surface.root.focus({ preventScroll: true }); // leaving it enters it, and the next key comes at once
    else soon(surface, true);
  }, { capture: true, signal });
  addEventListener("pointerdown", (event) => {
    if (!isBeside(surface, event) && isFocusBeside(surface)) surface.root.focus({ preventScroll: true }); // its buttons leave the focus where it is
  }, { capture: true, signal });
  addEventListener("click", (event) => {
    if (event.detail && isBeside(surface, event)) soon(surface, false); // without detail it was a key
  }, { capture: true, signal });
}

const isBeside = ({ root }, event) => !event.composedPath().includes(root);

function isFocusBeside({ root }) {
  const active = document.activeElement;
  return active !== null && active !== document.body && active !== root.getRootNode().host && !root.contains(active);
}

function soon(surface, isEntered) {
  setTimeout(() => {
    const active = document.activeElement;
    if (isFocusBeside(surface) && !isOpen(active) && (isEntered || !isTypedIn(active))) surface.root.focus({ preventScroll: true });
  }, SETTLE_MS);
}

/** Whether what has the focus has something open: a list, a menu, a dialog. */
function isOpen(active) {
  const isList = active.getAttribute("role") === "combobox";
  return Boolean(active.closest(OPEN)) || active.getAttribute("aria-expanded") === "true" || (active.hasAttribute("aria-haspopup") && !isList);
}

function isTypedIn(active) {
  if (active.isContentEditable || active.tagName === "TEXTAREA") return true;
  return active.tagName === "INPUT" && active.getAttribute("role") !== "combobox" && !/^(checkbox|radio|button|range)$/.test(active.type);
}
