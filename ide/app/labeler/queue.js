// The loaded part of the queue: rows in the order in which they are shown, a cursor on one. No DOM.

const FIXED = 60; // unjudged rows from the cursor on that stay where they are: a page of the grid,
// and more than what is prefetched. The server orders what comes after them anew with each verdict.
const BEHIND = 60; // rows behind the cursor whose state the server is asked about

export class Queue {
  constructor() {
    this.rows = [];
    this.byId = new Map();
    this.isBegin = false; // nothing was judged before the first row
    this.isEnd = false; // nothing is left to judge after the last one
    this.index = -1;
  }

  get current() {
    return this.rows[this.index] ?? null;
  }

  /** Take the server's answer in and return the rows that are new.
   *  rows: cards that this queue lacks; before: ids that go in front; here: the one asked for;
   *  ahead: [id, odds] of all that comes after the fixed rows, in order. */
  merge({ rows, before, here, ahead, is_begin: isBegin, is_end: isEnd }) {
    const known = new Map(rows.map((row) => [row.id, row]));
    const at = this.current?.id;
    const fence = this.fence;
    const kept = this.rows.filter((row, i) => i < fence || row.state.judged);
    const keptIds = new Set(kept.map((row) => row.id));
    const take = (id) => this.byId.get(id) ?? known.get(id);
    const isNew = (id) => !keptIds.has(id) && take(id) && keptIds.add(id);
    const front = before.filter(isNew).map(take);
    const asked = [here].filter((id) => id && isNew(id)).map(take); // where the cursor is
    const after = ahead.filter(([id]) => isNew(id)).map(([id, p]) => withOdds(take(id), p));
    const [behind, rest] = [kept.slice(0, Math.max(0, this.index)), kept.slice(Math.max(0, this.index))];
    this.rows = [...front, ...behind, ...asked, ...rest, ...after];
    const old = this.byId;
    this.byId = new Map(this.rows.map((row) => [row.id, row]));
    if (at !== undefined) this.index = this.rows.findIndex((row) => row.id === at);
    if (isBegin !== null) this.isBegin = isBegin;
    this.isEnd = isEnd;
    return this.rows.filter((row) => !old.has(row.id));
  }

  /** The index after the last row that stays where it is. */
  get fence() {
    let n = 0;
    for (let i = Math.max(0, this.index); i < this.rows.length; i += 1) {
      if (!this.rows[i].state.judged && (n += 1) > FIXED) return i;
    }
    return this.rows.length;
  }

  /** What the server is told of it; null while nothing is loaded. */
  get held() {
    if (!this.rows.length) return null;
    const ids = (rows) => rows.map((row) => row.id);
    const { fence } = this;
    const isOpen = (row, i) => i < fence && i < this.index - BEHIND && !row.state.judged;
    const skipped = this.rows.filter(isOpen); // passed by without a verdict: not to come again
    return {
      near: ids([...skipped, ...this.rows.slice(Math.max(0, this.index - BEHIND), fence)]),
      beyond: ids(this.rows.slice(fence)),
      first: this.isNearBegin ? this.rows[0].id : null,
    };
  }

  get isNearBegin() {
    return this.index < 10 && !this.isBegin;
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

/** A row that is not on the screen yet takes the odds as they are now. */
function withOdds(row, p) {
  if (row.p_suggested !== null && row.p) row.p_suggested *= p / row.p;
  row.p = p;
  return row;
}
