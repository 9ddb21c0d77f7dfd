// What a keyboard surface hears: keys anywhere on the page, and that somebody is about to go.

import { keepFocus } from "./focus.js";
import { belongsElsewhere } from "./keys.js";
import { holds, refusesClick } from "./whose_keys.js";

let latest = null; // the surface that hears now

/** Let surface (keydown, keyup, leave, say, root, data, outbox) hear; abort what is returned to end it. */
export function listen(surface) {
  const controller = new AbortController();
  const { signal } = controller;
  latest = surface;
  keepFocus(surface, signal);
  addEventListener("keydown", (event) => {
    const isOurs = !belongsElsewhere(event) && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isOurs || !holds(event, () => latest)) surface.keydown(event);
  }, { capture: true, signal });
  addEventListener("click", (event) => {
    const isJudging = event.composedPath().includes(surface.root) && event.composedPath()[0].closest("button:not(.frame)");
    if (!isJudging || !refusesClick(surface)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true, signal });
  addEventListener("keyup", (event) => surface.keyup(event), { capture: true, signal });
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
