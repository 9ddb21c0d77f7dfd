// A server that was started anew is well and knows nothing of this page: begin again with it.

const RECONNECTED_AT = "upwell/reconnected-at";

/** After two silences load the page again; the edits wait in localStorage. At most once a minute,
 *  so that a broken page does not spin. */
export async function reconnect(outbox, nSilent, before) {
  const last = Number(sessionStorage.getItem(RECONNECTED_AT) ?? 0);
  if (nSilent < 2 || !outbox.isStored || Date.now() - last < 60_000) return;
  const isWell = await fetch("/_stcore/health", { cache: "no-store" }).then((r) => r.ok, () => false);
  if (!isWell || !outbox.size) return;
  sessionStorage.setItem(RECONNECTED_AT, Date.now());
  outbox.isReconnecting = true;
  before();
  location.reload();
}
