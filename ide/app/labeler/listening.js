// What a keyboard surface hears: keys anywhere on the page, and that somebody is about to go.

/** Let surface (keydown, keyup, leave, root, outbox) hear; abort what is returned to end it. */
export function listen(surface) {
  const controller = new AbortController();
  const { signal } = controller;
  addEventListener("keydown", (event) => surface.keydown(event), { capture: true, signal });
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
