// A server that was started anew is well and knows nothing of this page: begin again with it.

const RECONNECTED_AT = "upwell/reconnected-at";

/** Load the page again; the edits wait in localStorage. At most once a minute, so that a broken
 *  page does not spin. before(): what is done first. */
export async function reconnect(outbox, before) {
  const last = Number(sessionStorage.getItem(RECONNECTED_AT) ?? 0);
  if (!outbox.isStored || Date.now() - last < 60_000) return;
  const isWell = await fetch("/_stcore/health", { cache: "no-store" }).then((r) => r.ok, () => false);
  if (!isWell || !outbox.size) return;
  sessionStorage.setItem(RECONNECTED_AT, Date.now());
  outbox.isReconnecting = true;
  before();
  location.reload();
}
