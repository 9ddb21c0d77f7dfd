// The keys of Problems. Letters and digits are the classes', as in Review; what is left are signs.

export const COMMANDS = {
  " ": "dismiss", x: "exclude", ",": "left", ".": "right", Delete: "others", "=": "same", g: "move", "/": "pick",
  u: "undo", Enter: "open", ArrowDown: "next", ArrowUp: "previous", ArrowRight: "onward", ArrowLeft: "back",
  PageDown: "leap", PageUp: "leapback", Home: "first", End: "last", "?": "help", Escape: "escape",
};

export const HELP = [
  ["Space", "not a problem; again: it is one"],
  [", .", "exclude the left, the right one of a pair"],
  ["X", "exclude the framed example; again: restore it"],
  ["Delete", "exclude all but the framed one"],
  ["=", "move the framed one to the other's split"],
  ["G", "move it to a split that you choose"],
  ["/", "relabel it: find a class by typing"],
  ["U", "undo, as many steps back as you like"],
];

export const MOVES = [
  ["↓ ↑", "next, previous problem"],
  ["→ ←", "frame the next, the previous example"],
  ["PgDn PgUp", "twenty problems on, back"],
  ["Enter", "open the framed example's page"],
  ["⇧ Enter", "open it in Review"],
  ["?", "these keys"],
  ["Esc", "close"],
];
