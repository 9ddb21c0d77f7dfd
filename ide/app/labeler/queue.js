// The loaded part of the queue: rows in rank order, a cursor on one of them. No DOM.

export class Queue {
  constructor() {
    this.rows = [];
    this.byId = new Map();
    this.range = null; // [first rank, last rank] that the server has told all about
    this.isEnd = false; // nothing comes after the range
    this.index = -1;
  }

  get current() {
    return this.rows[this.index] ?? null;
  }

  /** Add rows that are new; keep those that are known, for they may hold unsaved verdicts. */
  merge(rows, range, isEnd) {
    const here = this.current?.id;
    const fresh = rows.filter((row) => !this.byId.has(row.id));
    for (const row of fresh) this.byId.set(row.id, row);
    if (fresh.length) {
      this.rows = [...this.rows, ...fresh].sort((a, b) => a.rank - b.rank);
      if (here !== undefined) this.index = this.rows.findIndex((row) => row.id === here);
    }
    if (range) {
      this.range = this.range
        ? [Math.min(this.range[0], range[0]), Math.max(this.range[1], range[1])]
        : range;
      if (range[1] >= this.range[1]) this.isEnd = isEnd;
    }
    return fresh;
  }

  /** Put the cursor on an example; false where it is not loaded. */
  seek(id) {
    const index = this.rows.findIndex((row) => row.id === id);
    if (index >= 0) this.index = index;
    return index >= 0;
  }

  /** Move by a number of rows, within what is loaded. */
  move(delta) {
    const index = Math.min(this.rows.length - 1, Math.max(0, this.index + delta));
    const moved = index !== this.index;
    this.index = index;
    return moved;
  }

  /** Go to the next row that nobody judged, else to one before; false where none is left. */
  advance() {
    const isOpen = (i) => !this.rows[i].state.judged;
    for (let i = this.index + 1; i < this.rows.length; i += 1) if (isOpen(i)) return this.goTo(i);
    if (!this.isEnd) return false;
    for (let i = 0; i <= this.index; i += 1) if (isOpen(i)) return this.goTo(i);
    return false;
  }

  goTo(index) {
    this.index = index;
    return true;
  }

  /** Rows from the cursor on that nobody judged yet, itself included. */
  ahead(n) {
    const found = [];
    for (let i = Math.max(0, this.index); i < this.rows.length && found.length < n; i += 1) {
      if (!this.rows[i].state.judged) found.push(this.rows[i]);
    }
    return found;
  }
}
