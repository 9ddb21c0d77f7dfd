// The pane of changes: a heading a kind and class pair with its count, and below the one that is
// open a stretch of its changes. It draws what is around the cursor, however long the list.

import { button, h } from "./dom.js";

const SHOWN = 60; // rows around the cursor
export const SIGNS = { approve: "✓", request_change: "✎" };

export class ReviewList {
  /** on: {open(row), jump(id), leap(n)} */
  constructor({ on }) {
    this.on = on;
    this.body = h("div", { class: "groups" });
    this.element = h("nav", { class: "pane", "aria-label": "changes" }, this.body);
  }

  /** groups: [{kind, pair, words, n, first}], of the whole list; mineOf(row): own verdict or null. */
  show({ groups, queue, mineOf, othersOf }) {
    this.body.replaceChildren(...groups.map((group) => this.group(group, queue, mineOf, othersOf)));
    this.reveal(this.body.querySelector(".row.here"));
  }

  /** Scroll the pane, and never the page around it. */
  reveal(row) {
    if (!row) return;
    const [pane, at] = [this.element.getBoundingClientRect(), row.getBoundingClientRect()];
    const heading = 34; // sticks over the rows
    if (at.top < pane.top + heading) this.element.scrollTop -= pane.top + heading - at.top;
    else if (at.bottom > pane.bottom) this.element.scrollTop += at.bottom - pane.bottom;
  }

  group({ kind, pair, words, n, first }, queue, mineOf, othersOf) {
    const here = queue.current;
    const isOpen = here?.kind === kind && here?.pair === pair;
    const heading = button({ class: "group", title: `${kind} ${pair}`, "aria-expanded": isOpen, onclick: () => this.on.jump(first) },
      h("span", { class: "name" }, h("b", { text: words || kind }), pair ? h("small", { text: ` ${kind}` }) : null), h("span", { class: "number", text: n.toLocaleString("en") }));
    return h("section", {}, heading, isOpen ? this.stretch(kind, pair, n, queue, mineOf, othersOf) : null);
  }

  /** The rows of the open group around the cursor, and ways to those before and after. */
  stretch(kind, pair, n, queue, mineOf, othersOf) {
    const own = queue.rows.filter((row) => row.kind === kind && row.pair === pair);
    const at = own.indexOf(queue.current);
    const begin = Math.max(0, Math.min(at - SHOWN / 2, own.length - SHOWN));
    const isMore = begin + SHOWN < own.length || (!queue.isEnd && queue.rows.at(-1) === own.at(-1));
    const isLess = begin > 0 || (queue.range?.[0] > 0 && queue.rows[0] === own[0]);
    return h("div", { class: "rows" },
      isLess ? button({ class: "row more", onclick: () => this.on.leap(-20) }, "… earlier ones") : null,
      ...own.slice(begin, begin + SHOWN).map((row) => this.row(row, row === queue.current, mineOf(row), othersOf(row))),
      isMore ? button({ class: "row more", onclick: () => this.on.leap(20) }, `… more of ${n.toLocaleString("en")}`) : null);
  }

  row(row, isHere, mine, others) {
    const text = row.reason ?? row.annotator ?? "";
    return button({ class: `row${isHere ? " here" : ""}${mine ? " judged" : ""}`, title: `${row.example_id} ${text}`, "aria-current": isHere ? "true" : null, onclick: () => this.on.open(row) },
      sign(mine?.action), h("span", { class: "id", text: row.example_id }), h("span", { class: "text", text }),
      others ? h("span", { class: "others", text: others }) : null);
  }
}

export const sign = (action) => h("span", { class: `verdict ${action ?? "none"}`, "aria-label": { approve: "approved", request_change: "change requested" }[action] ?? "not judged", text: SIGNS[action] ?? "·" });
