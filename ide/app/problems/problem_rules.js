// When a problem is over, and what an edit does to an example. Pure; ide/dataset/issues.py has
// the same rules, and the server's word counts: this only follows a key at once.

/** What an example is where nobody told anything: of the whole dataset, or gone. */
export const unknown = () => ({ label: null, split: null, excluded: false, conflict: [], dismissed: [], heads: {} });

/** "open", "dismissed" or "settled". stateOf: example id → state. */
export function statusOf(row, stateOf) {
  if (row.issues.every(([issue, example]) => stateOf(example).dismissed.includes(issue))) return "dismissed";
  if (row.n_examples > row.examples.length) return row.status === "dismissed" ? "open" : row.status; // too many to know here
  return isSettled(row.rule, row.examples.map(stateOf), row) ? "settled" : "open";
}

function isSettled(rule, members, { classes, splits }) {
  const kept = members.filter((m) => !m.excluded);
  if (rule === "next_build") return false;
  if (kept.length < Math.min(2, members.length)) return true;
  if (rule === "same_label") return distinct(kept.map((m) => m.label).filter((l) => l !== null)) < 2;
  if (rule === "same_split") return distinct(kept.map((m) => m.split).filter((s) => s !== "pool")) < 2;
  if (rule === "complete") return kept.every((m) => (m.label === null ? m.split === "pool" : classes.includes(m.label) && splits.includes(m.split)));
  return rule === "agreed" && !kept.some((m) => m.conflict.length);
}

const distinct = (values) => new Set(values).size;

/** The part of an example's state that an edit writes. */
export function register(action, value) {
  if (action === "exclude" || action === "restore") return "exclusion";
  return action === "dismiss" ? `dismissal:${value}` : action;
}

/** The state after an edit that is no undo. */
export function after(state, { edit_id, action, value }) {
  const name = register(action, value);
  const next = { ...state, heads: { ...state.heads, [name]: [edit_id] } };
  if (action === "label") return { ...next, label: value, conflict: [] };
  if (action === "split") return { ...next, split: value };
  if (action === "dismiss") return { ...next, dismissed: [...new Set([...state.dismissed, value])] };
  return { ...next, excluded: action === "exclude" };
}

/** The state after an undo whose step was made before this page was: as far as one can tell. */
export function without(state, name) {
  if (name === "exclusion") return { ...state, excluded: false };
  return name.startsWith("dismissal:") ? { ...state, dismissed: state.dismissed.filter((i) => `dismissal:${i}` !== name) } : state;
}
