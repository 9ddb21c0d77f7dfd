// Which key does what. Pure: an event in, a command out.

// letters that commands use, or that would be mistaken for one
const TAKEN = new Set(["x", "u", "g"]);
export const MAX_KEYED_CLASSES = 30;

const COMMANDS = {
  Enter: "take", " ": "keep", x: "exclude", u: "undo", g: "grid", "?": "help", "/": "pick",
  ArrowRight: "next", ArrowDown: "down", ArrowLeft: "previous", ArrowUp: "up",
  Home: "first", End: "last", Escape: "escape",
};

/** Return the key of each class: the digit itself, else 1-9 and then letters; [] above 30. */
export function classKeys(classes) {
  if (classes.length <= 10 && classes.every((c) => /^[0-9]$/.test(c))) return [...classes];
  if (classes.length > MAX_KEYED_CLASSES) return [];
  const letters = [..."abcdefghijklmnopqrstvwyz"].filter((letter) => !TAKEN.has(letter));
  return [..."123456789", ...letters].slice(0, classes.length);
}

/** Return {name, label} for a keydown event, or null where the key is not ours. */
export function command(event, classes, keys, commands = COMMANDS) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  for (const key of candidates(event)) {
    const index = keys.indexOf(key);
    if (index >= 0 && !event.shiftKey) return { name: "label", label: classes[index] };
    const name = commands[key];
    if (name && (!event.shiftKey || !/^[a-z0-9 ]$/.test(key))) return { name }; // signs may need Shift
  }
  return null;
}

/** Return {name, label} for a key that takes a side of a conflict by its number, or null.
 *  Shift and a digit always do; the digit alone where classes have no keys. */
export function sideKey(event, keys) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code ?? "")?.[1];
  if (!digit || !(event.shiftKey || !keys.length)) return null;
  return { name: "side", label: Number(digit) - 1 };
}

/** The key as typed, then the key's place on the board, for layouts that type other letters. */
function candidates(event) {
  const typed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const place = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(event.code ?? "");
  if (/^[\x20-\x7e]$/.test(typed) && !/^Digit/.test(event.code ?? "")) return [typed];
  return place ? [typed, place[1].toLowerCase()] : [typed];
}

/** Whether the event belongs to something else: a field being typed in, a focused button. */
export function belongsElsewhere(event) {
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  if (target.closest("[data-is-replaced]")) return false; // of a server that is gone: see browser_page.js
  if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return true;
  if (target.closest("[role=dialog], [role=listbox], [role=menu], [role=combobox]")) return true;
  const isControl = target.closest("button, a[href], summary, [role=button], [role=tab]");
  return Boolean(isControl) && (event.key === "Enter" || event.key === " ");
}

export const HELP = [
  ["Enter", "take the suggested label, where it is not less likely than the given one"],
  ["Space", "keep the given label: a person looked, it is right"],
  ["X", "exclude the example from training and evals; again: restore it"],
  ["U", "undo, as many steps back as you like"],
  ["← →", "previous, next"],
  ["Home End", "first, last of those loaded"],
  ["/", "find a class by typing"],
  ["G", "grid: choose many, judge them at once"],
  ["Esc", "close, or drop the selection"],
  ["?", "these keys"],
];

export const CONFLICT_HELP = [
  ["Space", "take the left side: your own, where you have one"],
  ["Enter", "take the right side"],
  ["⇧ 1 … 9", "take that side, where there are more than two"],
  ...HELP.filter(([key]) => key !== "Enter" && key !== "Space"),
];

export const UNLABELLED_HELP = [
  ["Enter", "take the class that the network suggests, where a build does"],
  ["Space", "hear a sound again"],
  ...HELP.filter(([key]) => key !== "Enter" && key !== "Space"),
];

export const GRID_HELP = [
  ["Space", "choose the tile, or drop it"],
  ["Shift + click", "choose all between"],
  ["Ctrl + A", "choose all on the page"],
  ["Enter", "take the suggestion of each chosen tile"],
  ["Shift + Enter", "keep the given label of each"],
  ["class key, X", "label or exclude all that are chosen"],
];
