// What a command means for an example, and what the example is after it. Pure.

/** What a command means for one example: the edits it makes, in order. */
export function verdict(name, label, row) {
  const { state } = row;
  if (name === "exclude") return [{ action: state.excluded ? "restore" : "exclude", value: null }];
  const value = name === "label" ? label : name === "take" ? row.suggested : state.label;
  if (value === null || value === undefined) return [];
  const isSame = value === state.label && !state.conflict.length;
  const found = [{ action: isSame ? "confirm" : "label", value }];
  return state.excluded ? [{ action: "restore", value: null }, ...found] : found;
}

export const register = (action) => (action === "exclude" || action === "restore" ? "exclusion" : "label");

/** An example's state after one more edit of ours. */
export function after(state, edit) {
  const heads = { ...state.heads, [register(edit.action)]: [edit.edit_id] };
  const next = { ...state, heads, mine: true, annotator: null };
  if (edit.action === "exclude") return { ...next, excluded: true, judged: true };
  if (edit.action === "restore") return { ...next, excluded: false, judged: state.confirmed || state.label !== state.imported };
  return { ...next, label: edit.value, confirmed: edit.action === "confirm", judged: true, conflict: [] };
}

/** The state that a step is taken back to where it is not known what was before. */
export function untouched(row) {
  return { ...row.state, label: row.given, judged: false, confirmed: false, excluded: false, mine: false, conflict: [] };
}
