// One surface a page. Streamlit may make its element anew, under load above all: then the surface
// moves into the new element with all that it holds, and nobody waits for the server to fill it.

const mounts = new WeakMap(); // element → the surface in it
let latest = null; // the surface that was shown last

/** Put a surface into root, or tell the one that is there that the page was drawn again; return what
 *  takes it out. identity(data): what makes it another surface; make(old, before): a new one in the
 *  place of another or of none (before: the one that was shown last, wherever), which has root,
 *  identity, visit, setStateValue, receive(data), renew(data), close() and settleIn(root). */
export function mount({ root, data, setStateValue, identity, make }) {
  const old = mounts.get(root);
  const isSame = old?.identity === identity(data);
  if (!isSame) old?.close();
  const known = isSame ? old : moved(root, data, identity(data));
  const surface = known ?? make(old, latest);
  mounts.set(root, surface);
  latest = surface;
  surface.visit = data.visit;
  surface.setStateValue = setStateValue;
  if (known) surface.renew(data);
  else surface.receive(data);
  return () => {
    if (surface.root === root) surface.close();
    mounts.delete(root);
  };
}

/** The last surface, where it is of the same visit to the page. */
function moved(root, data, identity) {
  if (latest?.identity !== identity || latest.visit !== data.visit || latest.root === root) return null;
  mounts.delete(latest.root);
  latest.close();
  latest.settleIn(root);
  return latest;
}

/** Put a surface's parts into its element. Keys should work at once; a field that is being typed in
 *  keeps the focus. */
export function occupy(root, parts) {
  root.replaceChildren(...parts);
  root.tabIndex = -1;
  root.dataset.ready = "true";
  const active = document.activeElement;
  if (!active || !/^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName)) root.focus({ preventScroll: true });
}
