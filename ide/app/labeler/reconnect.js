// A server that was started anew is well and knows nothing of this page: begin again with it.

const RECONNECTED_AT = "upwell/reconnected-at";
const [MOST, WITHIN_MS] = [3, 60_000];

/** Load the page again; the edits wait in localStorage. At most three times a minute, so that a
 *  broken page does not spin. before(): what is done first. */
export async function reconnect(outbox, before) {
  const times = lately();
  if (!outbox.isStored || times.length >= MOST) return;
  const isWell = await fetch("/_stcore/health", { cache: "no-store" }).then((r) => r.ok, () => false);
  if (!isWell || !outbox.size) return;
  sessionStorage.setItem(RECONNECTED_AT, JSON.stringify([...times, Date.now()]));
  outbox.isReconnecting = true;
  before();
  location.reload();
}

function lately() {
  try {
    const times = JSON.parse(sessionStorage.getItem(RECONNECTED_AT) ?? "[]");
    return [times].flat().filter((at) => Date.now() - at < WITHIN_MS);
  } catch {
    return []; // what stands there is not ours
  }
}
