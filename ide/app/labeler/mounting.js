// One surface a page. Streamlit may make its element anew, under load above all: then the surface
// moves into the new element with all that it holds, and nobody waits for the server to fill it.

const mounts = new WeakMap(); // element → the surface in it
let latest = null; // the surface that was shown last

/** Put a surface into root, or tell the one that is there of news; return what takes it out.
 *  identity(data): what makes it another surface; make(): a new one, which has root, client,
 *  setStateValue, receive(data), close() and moveTo(root). */
export function mount({ root, data, setStateValue, identity, make }) {
  let surface = mounts.get(root);
  if (!surface || surface.identity !== identity(data)) {
    surface?.close();
    surface = moved(root, data, identity(data)) ?? make();
    mounts.set(root, surface);
    latest = surface;
  }
  surface.setStateValue = setStateValue;
  surface.receive(data);
  return () => {
    if (surface.root === root) surface.close();
    mounts.delete(root);
  };
}

/** The last surface, where what the server says is an answer to it. */
function moved(root, data, identity) {
  if (latest?.identity !== identity || !data.to || data.to !== latest.client) return null;
  if (latest.root !== root) mounts.delete(latest.root);
  latest.close();
  latest.moveTo(root);
  return latest;
}
