// The loaded part of the list: problems in the build's order, a cursor on one of them. No DOM.
//
// A row: id (of its first issue), pos, check, severity, subject, messages [[example or null, text]],
// issues [[issue, example of its dismissal]], rule (what settles it), examples (ids, at most 24 of n_examples), status.

export class ProblemQueue {
  /** isTodo(row): whether a row still belongs on the list that was asked for. */
  constructor({ isTodo }) {
    this.isTodo = isTodo;
    this.clear();
  }

  clear() {
    this.rows = [];
    this.byId = new Map();
    this.range = null; // [first, last] position that the server has told all about
    this.isEnd = false;
    this.index = -1;
  }

  get current() {
    return this.rows[this.index] ?? null;
  }

  /** Add rows that are new; those that are known stay as they are. Returns the new ones. */
  merge(rows, range, isEnd) {
    const here = this.current?.id;
    const fresh = rows.filter((row) => !this.byId.has(row.id));
    for (const row of fresh) this.byId.set(row.id, row);
    if (fresh.length) this.rows = [...this.rows, ...fresh].sort((a, b) => a.pos - b.pos);
    if (here !== undefined) this.seek(here);
    if (range) {
      const isLast = !this.range || range[1] >= this.range[1];
      this.range = this.range ? [Math.min(this.range[0], range[0]), Math.max(this.range[1], range[1])] : range;
      if (isLast) this.isEnd = isEnd;
    }
    return fresh;
  }

  /** Put the cursor on a problem, by its id or by that of any of its issues. */
  seek(id) {
    const index = this.rows.findIndex((row) => row.id === id || row.issues.some(([issue]) => issue === id));
    if (index >= 0) this.index = index;
    return index >= 0;
  }

  move(delta) {
    const index = Math.min(this.rows.length - 1, Math.max(0, this.index + delta));
    const isMoved = index !== this.index;
    this.index = index;
    return isMoved;
  }

  /** Go to the next problem to do, else to one before; false where none is left. */
  advance() {
    const n = this.rows.length;
    for (let step = 1; step < n; step += 1) {
      const index = (this.index + step) % n;
      if (index < this.index && !this.isEnd) return false; // more of them are on their way
      if (this.isTodo(this.rows[index])) {
        this.index = index;
        return true;
      }
    }
    return n > 0 && this.index >= 0 && this.isTodo(this.rows[this.index]);
  }

  nAhead() {
    return this.rows.slice(Math.max(0, this.index)).filter((row) => this.isTodo(row)).length;
  }
}
