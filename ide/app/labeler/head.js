// The line above the example: where one is, how far one got, and what is saved.

import { button, h, setText } from "./dom.js";

export class Head {
  constructor({ onGrid, onHelp }) {
    this.place = h("b", { class: "place" });
    this.progress = h("span", { class: "progress-fill" });
    this.identity = h("span", { class: "example-id" });
    this.saved = h("span", { class: "saved", role: "status", "aria-live": "polite" });
    this.gridButton = button({ class: "quiet", "aria-pressed": "false", onclick: onGrid }, h("kbd", { text: "G" }), "Grid");
    this.element = h("header", {},
      this.place, h("span", { class: "progress", "aria-hidden": "true" }, this.progress), this.identity,
      h("span", { class: "space" }), this.saved,
      this.gridButton,
      button({ class: "quiet", "aria-label": "keys", onclick: onHelp }, h("kbd", { text: "?" }), h("span", { class: "wide", text: "Keys" })));
  }

  /** row: what is shown, or null. nSuspects of the nTotal ranks are more likely wrong than right. */
  show(row, { nJudged, nSuspects, nTotal }) {
    const isSuspect = row && row.rank <= nSuspects;
    const of = (isSuspect ? nSuspects : nTotal).toLocaleString("en");
    setText(this.place, row ? `${row.rank} of ${of}${isSuspect ? "" : ", doubtful"}` : "");
    this.place.title = isSuspect ? "rank among the suspects" : "after the suspects: more likely right than wrong, and doubted most";
    setText(this.identity, row ? `${row.id} · ${row.split ?? ""} · ${nJudged.toLocaleString("en")} judged` : "");
    this.progress.style.transform = `scaleX(${Math.min(1, nJudged / Math.max(1, nSuspects || nTotal))})`;
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
