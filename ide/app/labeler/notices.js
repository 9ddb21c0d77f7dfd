// The lines over the example. A place each: neither a passing remark nor news of a conflict may
// wipe out a refusal.

import { button, h, setText } from "./dom.js";

const REMARK_MS = 4000;

export class Notices {
  /** onReload(): load what a newer build has. */
  constructor({ onReload }) {
    [this.refused, this.trouble, this.remark] = [line(), line(), line()];
    this.news = h("p", { class: "notice news", hidden: true }, "A newer build is ready. ", button({ onclick: onReload }, "Load its suspects"));
    this.elements = [this.refused, this.trouble, this.remark, this.news];
    this.problems = "";
  }

  /** Remark on something in passing; what has to be read stands elsewhere. */
  say(text) {
    post(this.remark, text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.remark.hidden = true; }, REMARK_MS);
  }

  /** Say why the server would not write some edits. */
  refuse(sentences) {
    const more = sentences.length > 1 ? ` (and ${sentences.length - 1} more)` : "";
    post(this.refused, `Not saved: ${sentences[0]}${more}`);
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

/** A line that stays until it is clicked. */
function line() {
  const element = h("p", { class: "notice", hidden: true, role: "alert", title: "click to hide", onclick: () => { element.hidden = true; } });
  return element;
}

/** Write on a line; without text it goes. */
function post(element, text) {
  setText(element, text);
  element.hidden = !text;
}
