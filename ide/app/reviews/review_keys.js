// The keys of Reviews. No class has a key here: a reviewer judges an edit, and does not relabel.

export const COMMANDS = {
  " ": "approve", a: "approve", r: "request", c: "comment", p: "play", u: "undo", Enter: "open", ArrowDown: "next", ArrowUp: "previous",
  ArrowRight: "next", ArrowLeft: "previous", PageDown: "leap", PageUp: "leapback", Home: "first", End: "last", "?": "help", Escape: "escape",
};

export const HELP = [
  ["Space", "approve the change, and go on"],
  ["R", "request another: say what, then Enter"],
  ["C", "comment on it, then Enter"],
  ["U", "undo, as many steps back as you like"],
];

export const MOVES = [
  ["↓ ↑", "next, previous change"],
  ["PgDn PgUp", "twenty changes on, back"],
  ["Home End", "first, last of those loaded"],
  ["Enter", "open the example's page"],
  ["P", "play the sound"],
  ["?", "these keys"],
  ["Esc", "close"],
];
