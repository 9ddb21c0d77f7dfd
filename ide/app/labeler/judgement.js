// What a command means for an example, and what the example is after it. Pure.
//
// In the queue of conflicts a state has `conflicts`, what is disputed of the example, and is judged
// when that is empty; elsewhere it has none.

/** Whether Enter would put a less likely label in the place of a likelier one. p: that the given
 *  label is wrong; the suggested one is right at most as often. Null: nobody knows. */
export function isLessLikely({ p, p_suggested: pSuggested, suggested, given, state }) {
  if (p === null || p === undefined || suggested === given || suggested === state.label) return false;
  return (pSuggested ?? p) < 1 - p;
}

/** What a command means for one example: the edits it makes, in order. */
export function verdict(name, label, row) {
  const { state } = row;
  const dispute = state.conflicts?.[0];
  const side = dispute && sideOf(name, label, dispute);
  if (side) return [{ action: side.action, value: side.value }];
  if (name === "side" || (name === "take" && isLessLikely(row))) return [];
  if (name === "exclude") return [{ action: state.excluded && !isDisputed(state, "exclusion") ? "restore" : "exclude", value: null }];
  const value = name === "label" ? label : name === "take" ? row.suggested : state.label;
  if (value === null || value === undefined) return [];
  const isSame = value === state.label && (state.conflicts || !state.conflict.length);
  const found = [{ action: isSame ? "confirm" : "label", value }];
  return state.excluded && !state.conflicts ? [{ action: "restore", value: null }, ...found] : found;
}

/** The side that a command takes: Space the left one, Enter the right one, any by its number. */
function sideOf(name, index, { sides }) {
  if (name === "keep") return sides[0];
  if (name === "take") return sides[1];
  return name === "side" ? sides[index] : undefined;
}

const isDisputed = (state, name) => Boolean(state.conflicts?.some((conflict) => conflict.register === name));

const REGISTERS = { exclude: "exclusion", restore: "exclusion", split: "split" };

export const register = (action) => REGISTERS[action] ?? "label";

/** An example's state after one more edit of ours. */
export function after(state, edit) {
  const name = register(edit.action);
  const heads = { ...state.heads, [name]: [edit.edit_id] };
  const next = { ...state, heads, mine: true, annotator: null };
  if (state.conflicts) {
    next.conflicts = state.conflicts.filter((conflict) => conflict.register !== name);
    return { ...next, ...said(edit), judged: next.conflicts.length === 0 };
  }
  if (edit.action === "restore") return { ...next, ...said(edit), judged: state.confirmed || state.label !== state.imported };
  return { ...next, ...said(edit), judged: true };
}

/** What an edit says of its example, and in a word what it made of it. */
function said({ action, value }) {
  if (action === "exclude") return { excluded: true, settled: "excluded" };
  if (action === "restore") return { excluded: false, settled: "not excluded" };
  if (action === "split") return { split: value, settled: `in ${value}` };
  return { label: value, confirmed: action === "confirm", conflict: [], settled: null };
}

/** The state that a step is taken back to where it is not known what was before. */
export function untouched(row) {
  return { ...row.state, label: row.given, judged: false, confirmed: false, excluded: false, mine: false, conflict: [], settled: null };
}

/** What people say of an example that is in conflict, as short as can be: "3 | 8"; else null.
 *  most: letters of each, of which the middle goes. */
export function rivals(row, most = Infinity) {
  const dispute = row.state.conflicts?.[0];
  return dispute ? dispute.sides.map((side) => middleCut(sideName(side), most)).join(" | ") : null;
}

function middleCut(name, most) {
  const nEnd = Math.floor(most / 2);
  return name.length <= most ? name : `${name.slice(0, most - 1 - nEnd)}…${name.slice(-nEnd)}`;
}

/** A side in a word. */
export function sideName({ action, value }) {
  return value ?? (action === "exclude" ? "exclude" : "keep");
}
