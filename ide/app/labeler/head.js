// The line above the example: which one it is, and what is saved.

import { button, h, setText } from "./dom.js";

export class Head {
  constructor({ onGrid, onHelp }) {
    this.place = h("b", { class: "place" });
    this.identity = h("span", { class: "example-id" });
    this.saved = h("span", { class: "saved", role: "status", "aria-live": "polite" });
    this.gridButton = button({ class: "quiet", "aria-pressed": "false", onclick: onGrid }, h("kbd", { text: "G" }), "Grid");
    this.element = h("header", {},
      this.place, this.identity,
      h("span", { class: "space" }), this.saved,
      this.gridButton,
      button({ class: "quiet", "aria-label": "keys", onclick: onHelp }, h("kbd", { text: "?" }), h("span", { class: "wide", text: "Keys" })));
  }

  /** row: what is shown, or null. nSuspects of the nTotal ranks are more likely wrong than right. */
  show(row, { nSuspects, nTotal }) {
    const isSuspect = row && row.rank <= nSuspects;
    const of = (isSuspect ? nSuspects : nTotal).toLocaleString("en");
    setText(this.place, row ? `${row.rank.toLocaleString("en")} of ${of}${isSuspect ? "" : ", doubtful"}` : "");
    this.place.title = `${isSuspect ? "rank among the suspects" : "rank among all labels, after the suspects"}, as compiled; verdicts since then move the likely errors forward`;
    this.showIdentity(row);
  }

  /** The example's id, its file where the source had one, its split. */
  showIdentity(row) {
    setText(this.identity, row ? [row.id, row.file, row.split].filter(Boolean).join(" · ") : "");
    this.identity.title = this.identity.textContent;
  }

  /** The same in a part of the queue: how many are left of it. */
  showPart(row, nLeft, { words, n_total: nTotal }) {
    setText(this.place, `${nLeft.toLocaleString("en")} of ${nTotal.toLocaleString("en")} left`);
    this.place.title = `a part of the queue: ${words}`;
    this.showIdentity(row);
  }

  /** The same in the queue of conflicts: how many are left. */
  showConflicts(row, nLeft) {
    setText(this.place, nLeft ? `${nLeft.toLocaleString("en")} ${nLeft === 1 ? "conflict" : "conflicts"} left` : "No conflict left");
    this.place.title = "examples of which people say different things";
    this.showIdentity(row);
  }

  /** The same in the queue of what has no label: how many are left. */
  showUnlabelled(row, nLeft) {
    setText(this.place, nLeft ? `${nLeft.toLocaleString("en")} without a label` : "None without a label");
    this.place.title = "examples that nobody has labelled, in the order of the dataset";
    this.showIdentity(row);
  }

  /** outbox: what is on its way; refusal: what the server would not write, or undefined. */
  showSaved(outbox, refusal) {
    const n = outbox.size;
    const text = {
      saved: refusal ?? "All saved", saving: `${n} saving …`,
      offline: `Offline: ${n} kept here, sent again soon`, refused: `${n} not saved: ${outbox.error}`,
    }[outbox.status];
    this.saved.dataset.status = refusal ? "refused" : outbox.status;
    setText(this.saved, text);
    this.saved.title = text;
  }
}
