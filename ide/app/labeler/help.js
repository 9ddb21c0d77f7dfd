// The panel that says which key does what.

import { button, h } from "./dom.js";
import { CONFLICT_HELP, GRID_HELP, HELP, UNLABELLED_HELP } from "./keys.js";

/** keys: the classes' keys, [] where they are too many for keys. */
export function helpPanel({ keys, nClasses, isConflicts, isUnlabelled, onClose }) {
  const first = keys.length
    ? [[`${keys[0]} … ${keys.at(-1)}`.toUpperCase(), "label it with that class"]]
    : [["/", `label it: ${nClasses} classes are more than there are keys`]];
  return h("div", { class: "help", hidden: true, role: "note" },
    h("div", {}, h("h3", { text: "Keys" }), list([...first, ...(isUnlabelled ? UNLABELLED_HELP : isConflicts ? CONFLICT_HELP : HELP)])),
    h("div", {}, h("h3", { text: "In the grid" }), list(GRID_HELP)),
    button({ class: "quiet close", onclick: onClose }, h("kbd", { text: "Esc" }), "Close"));
}

const list = (pairs) => h("dl", {},
  ...pairs.flatMap(([key, what]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text: what })]));
