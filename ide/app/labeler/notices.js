// The lines over the example. A place each: neither a passing remark nor news of a conflict may
// wipe out a refusal.

import { button, h, setText } from "./dom.js";

const REMARK_MS = 4000;
const LEAST_MS = 5000; // that a refusal stands, so that it can be read

export class Notices {
  /** onReload(): load what a newer build has; onChange(): a refusal came or went. */
  constructor({ onReload, onChange }) {
    [this.trouble, this.remark] = [line(), line()];
    this.refusal = new Refusal({ onChange });
    this.news = h("p", { class: "notice news", hidden: true }, "A newer build is ready. ", button({ onclick: onReload }, "Load its suspects"));
    this.elements = [this.refusal.element, this.trouble, this.remark, this.news];
    this.problems = "";
  }

  /** Remark on something in passing; what has to be read stands elsewhere. */
  say(text) {
    post(this.remark, text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.remark.hidden = true; }, REMARK_MS);
  }

  /** Say what is wrong with the edit log, once; conflictsUrl: where conflicts are resolved. */
  warn(sentences, conflictsUrl) {
    const problems = sentences.join("  ");
    if (problems === this.problems) return;
    this.problems = problems;
    post(this.trouble, problems);
    if (conflictsUrl) this.trouble.append(" ", h("a", { href: conflictsUrl, text: "Resolve them", target: "_self" }));
  }
}

/** What the server would not write. It stands until it is clicked or Esc is pressed, or until
 *  something that was made after it is saved: then it is of the past. */
export class Refusal {
  /** onChange(): it came or went. */
  constructor({ onChange }) {
    this.onChange = onChange;
    this.element = line(() => this.hide());
    this.n = 0;
  }

  /** "2 refused", or null. */
  get words() {
    return this.n ? `${this.n} refused` : null;
  }

  /** Take the server's answer in. pending: ids of the edits that were made before it came. */
  follow({ acked, sentences, pending }) {
    if (sentences.length) this.show(sentences, pending);
    else if (this.n && acked.some((id) => !this.before.has(id))) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.hide(), Math.max(0, this.shownAt + LEAST_MS - Date.now()));
    }
  }

  show(sentences, pending) {
    clearTimeout(this.timer);
    this.n += sentences.length;
    this.before = new Set(pending);
    this.shownAt = Date.now();
    const more = this.n > 1 ? ` (and ${this.n - 1} more)` : "";
    post(this.element, `Not saved: ${sentences[0]}${more}`);
    this.onChange();
  }

  hide() {
    clearTimeout(this.timer);
    this.n = 0;
    post(this.element, "");
    this.onChange();
  }
}

/** A line that stays until it is clicked. */
function line(onclick) {
  const element = h("p", { class: "notice", hidden: true, role: "alert", title: "click to hide", onclick: () => { element.hidden = true; onclick?.(); } });
  return element;
}

/** Write on a line; without text it goes. */
function post(element, text) {
  setText(element, text);
  element.hidden = !text;
}
