// Whose keys these are. While a name that was entered is on its way to the server, or a new session
// does not yet know who labels in this tab, keys wait: what they judge is recorded for ever. They
// wait too while the surface that they are for is not on the page yet, or holds nothing yet.

const POLL_MS = 50;
const WORTH_SAYING_MS = 700;
const LONGEST_MS = 30_000; // then the page is another matter

let [waiting, timer, field] = [[], null, null];

/** Return whether a surface can take keys, and whoever presses them is known to be the one that it
 *  is drawn for. */
const canTake = (surface) => surface !== null && surface.isReady && isSettled(surface);

function isSettled({ data }) {
  if (!field?.isConnected) field = document.querySelector('input[aria-label="Annotator"]');
  if (field && field.value !== data.annotator) return false;
  try {
    const kept = sessionStorage.getItem(`upwell_annotator_${data.workspace.slice(0, 12)}`); // see browser_page.js
    return kept === null || kept === data.annotator;
  } catch { // storage is forbidden here
    return true;
  }
}

/** Keep a key for whoever it turns out to be of; false where that is known. surface(): the one that
 *  is on the page or null, asked again when the key is let go. */
export function holds(event, surface) {
  if (!waiting.length && canTake(surface())) return false;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!event.repeat) waiting.push({ key: event.key, code: event.code, shiftKey: event.shiftKey, at: Date.now() });
  timer ??= setInterval(() => letGo(surface()), POLL_MS);
  return true;
}

/** Keep a click that would judge from being anybody's: it is made again in a moment. */
export function refusesClick(surface) {
  if (!waiting.length && isSettled(surface)) return false;
  surface.say("The name is not taken yet: click again.");
  return true;
}

function letGo(surface) {
  waiting = waiting.filter(({ at }) => Date.now() - at < LONGEST_MS);
  while (waiting.length && canTake(surface) && !surface.isLoading) {
    const { at, ...key } = waiting.shift();
    surface.keydown(new KeyboardEvent("keydown", { ...key, cancelable: true }), at);
  }
  if (waiting.length && Date.now() - waiting[0].at > WORTH_SAYING_MS) surface?.say("The page is on its way: your keys wait for it.");
  if (waiting.length) return;
  clearInterval(timer);
  timer = null;
}
