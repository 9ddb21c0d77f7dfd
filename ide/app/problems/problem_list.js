// The pane of problems, as an IDE has it: a heading a check with its count, and below the one that
// is open a stretch of its problems. It draws what is around the cursor, however long the list.

import { button, h } from "./dom.js";

const SHOWN = 60; // rows around the cursor
export const SIGNS = { error: "✕", warning: "!", note: "i" };

export class ProblemList {
  /** on: {open(row), jump(issue id), leap(n)} */
  constructor({ on }) {
    this.on = on;
    this.body = h("div", { class: "groups" });
    this.element = h("nav", { class: "pane", "aria-label": "problems" }, this.body);
  }

  /** counts: [{severity, check, n, first}], of the whole list; rows: those that are loaded. */
  show({ counts, summaries, queue }) {
    const here = queue.current;
    const groups = counts.map((group) => this.group(group, summaries[group.check], here, queue));
    this.body.replaceChildren(...groups);
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

  group({ severity, check, n, first }, summary, here, queue) {
    const isOpen = here?.check === check && here?.severity === severity;
    const heading = button({ class: `group ${severity}`, title: summary ?? check, "aria-expanded": isOpen, onclick: () => this.on.jump(first) },
      sign(severity), h("span", { class: "name", text: words(check) }), h("span", { class: "number", text: n.toLocaleString("en") }));
    return h("section", {}, heading, isOpen ? this.stretch(check, severity, n, queue) : null);
  }

  /** The rows of the open check around the cursor, and ways to those before and after. */
  stretch(check, severity, n, queue) {
    const own = queue.rows.filter((row) => row.check === check && row.severity === severity);
    const at = own.indexOf(queue.current);
    const begin = Math.max(0, Math.min(at - SHOWN / 2, own.length - SHOWN));
    const shown = own.slice(begin, begin + SHOWN);
    const isMore = begin + SHOWN < own.length || (!queue.isEnd && queue.rows.at(-1) === own.at(-1));
    const isLess = begin > 0 || (queue.range?.[0] > 0 && queue.rows[0] === own[0]);
    return h("div", { class: "rows" },
      isLess ? button({ class: "row more", onclick: () => this.on.leap(-20) }, "… earlier ones") : null,
      ...shown.map((row) => this.row(row, row === queue.current)),
      isMore ? button({ class: "row more", onclick: () => this.on.leap(20) }, `… more of ${n.toLocaleString("en")}`) : null);
  }

  row(row, isHere) {
    const [[example, text]] = row.messages;
    const title = row.messages.map((parts) => parts.filter(Boolean).join(" ")).join("\n");
    return button({ class: `row ${row.now}${isHere ? " here" : ""}`, title, "aria-current": isHere ? "true" : null, onclick: () => this.on.open(row) },
      example ? h("span", { class: "id", text: example }) : null, h("span", { class: "text", text }));
  }
}

export const sign = (severity) => h("span", { class: `sign ${severity}`, "aria-label": severity, title: severity, text: SIGNS[severity] ?? "?" });

export const words = (check) => check.replaceAll("_", " ");
