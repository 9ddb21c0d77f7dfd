// What was judged, step by step, and taking it back. No DOM.

import { after, register, untouched, verdict } from "./judgement.js";
import { newEditId } from "./outbox.js";

export class Steps {
  /** byId: example id → row, of those that are loaded; evidenceOf(row): what a person is shown. */
  constructor({ byId, evidenceOf }) {
    [this.byId, this.evidenceOf] = [byId, evidenceOf];
    this.list = [];
  }

  /** Take over what the server knows of earlier ones: their edits, not what was before. */
  begin(history) {
    this.list = history.map((step) => ({ ...step, before: null }));
  }

  /** Judge rows as one step and return its edits; [] where nothing could be meant. */
  judge(rows, name, label) {
    const made = new Date().toISOString();
    const step = { edits: [], before: new Map() };
    const edits = [];
    for (const row of rows) {
      for (const { action, value } of verdict(name, label, row)) {
        if (!step.before.has(row.id)) step.before.set(row.id, row.state);
        const edit = this.edit(row, action, value, made);
        edits.push(edit);
        step.edits.push({ edit_id: edit.edit_id, example_id: row.id, register: register(action) });
        row.state = after(row.state, edit);
      }
    }
    if (edits.length) this.list.push(step);
    return edits;
  }

  edit(row, action, value, made) {
    return {
      edit_id: newEditId(), example_id: row.id, action, value, made_at: made,
      previous: row.state.heads[register(action)] ?? [], evidence: this.evidenceOf(row),
    };
  }

  /** Take the last step back, whatever it was; null where there is none.
   *  Returns its edits, and the example where it was made. */
  undo() {
    const step = this.list.pop();
    if (!step) return null;
    const made = new Date().toISOString();
    const edits = [...step.edits].reverse().map((entry) => this.undone(entry, made));
    for (const { example_id } of step.edits) this.restore(example_id, step);
    return { edits, back: step.edits[0].example_id };
  }

  undone({ edit_id, example_id, register: name, heads }, made) {
    const row = this.byId().get(example_id);
    const known = row?.state.heads[name] ?? heads ?? [];
    const previous = !known.length || known.includes(edit_id) ? [edit_id] : known;
    const undo = { edit_id: newEditId(), example_id, action: "undo", value: edit_id, made_at: made, previous, evidence: null };
    if (row) row.state = { ...row.state, heads: { ...row.state.heads, [name]: [undo.edit_id] } };
    return undo;
  }

  /** Put back what an example was before a step; its heads stay those of the undo. */
  restore(exampleId, step) {
    const row = this.byId().get(exampleId);
    if (row) row.state = { ...(step.before?.get(exampleId) ?? untouched(row)), heads: row.state.heads };
  }

  /** A refused edit never was: its example looks as before, and the step cannot be undone. */
  refuse(editId) {
    const index = this.list.findIndex((step) => step.edits.some((edit) => edit.edit_id === editId));
    if (index < 0) return;
    const [step] = this.list.splice(index, 1);
    for (const [id, state] of step.before ?? []) {
      const row = this.byId().get(id);
      if (row) row.state = state;
    }
  }
}
