// What a keyboard surface hears: keys anywhere on the page, and that somebody is about to go.
//
// Keys are heard once for the whole page and given to the surface that is on it: while one gives
// way to the next there is none, and a key of that moment waits for the one that comes.

import { keepFocus } from "./focus.js";
import { belongsElsewhere } from "./keys.js";
import { holds, refusesClick } from "./whose_keys.js";

let current = null; // the surface that hears now
let isHearing = false;
let [left, leftAt] = [null, 0]; // the page whose surface was taken off it, and when

const COMING_MS = 10_000; // a page that has no surface by then gets none

/** Let surface (keydown, keyup, leave, say, root, data, outbox, isReady) hear; abort what is
 *  returned to end it. */
export function listen(surface) {
  const controller = new AbortController();
  const { signal } = controller;
  current = surface;
  hearKeys();
  keepFocus(surface, signal);
  signal.addEventListener("abort", () => {
    if (current === surface) [current, left, leftAt] = [null, location.pathname, Date.now()];
  });
  addEventListener("click", (event) => {
    const isJudging = event.composedPath().includes(surface.root) && event.composedPath()[0].closest("button:not(.frame)");
    if (!isJudging || !refusesClick(surface)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true, signal });
  addEventListener("pointerdown", (event) => {
    if (!event.composedPath().includes(surface.root)) surface.leave();
  }, { capture: true, signal });
  addEventListener("pagehide", () => surface.leave(), { signal });
  document.addEventListener("visibilitychange", () => document.hidden && surface.leave(), { signal });
  addEventListener("online", () => surface.outbox.flush(), { signal });
  addEventListener("beforeunload", (event) => {
    surface.leave();
    if (surface.outbox.size && !surface.outbox.isReconnecting) event.preventDefault();
  }, { signal });
  return controller;
}

function hearKeys() {
  if (isHearing) return;
  isHearing = true;
  addEventListener("keydown", (event) => {
    if (!current && !isComing()) return;
    const isOurs = !belongsElsewhere(event) && !event.ctrlKey && !event.metaKey && !event.altKey && isOfSurfaces(event);
    if (!isOurs || !holds(event, () => current)) current?.keydown(event);
  }, { capture: true });
  addEventListener("keyup", (event) => current?.keyup(event), { capture: true });
}

/** Whether the page whose surface was taken off it is still there and drawn again in a moment. */
const isComing = () => left === location.pathname && Date.now() - leftAt < COMING_MS;

/** Whether a surface may have something to do at the key: not Tab, not a function key. */
const isOfSurfaces = ({ key }) => key.length === 1 || /^(Enter|Escape|Home|End|Arrow\w+)$/.test(key);
