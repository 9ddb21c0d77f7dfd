// Find a class by typing: for datasets with more classes than there are keys.

import { button, h, named } from "./dom.js";

const SHOWN = 12;

export class Picker {
  constructor({ classes, onPick, onClose }) {
    this.classes = classes;
    this.onPick = onPick;
    this.onClose = onClose;
    this.input = h("input", { type: "text", placeholder: "class …", "aria-label": "find a class", autocomplete: "off", spellcheck: "false",
      oninput: () => this.refresh(), onkeydown: (event) => this.key(event), onblur: () => setTimeout(() => this.close(), 120) });
    this.list = h("div", { class: "options", role: "listbox" });
    this.element = h("div", { class: "picker", hidden: true }, this.input, this.list);
    this.index = 0;
  }

  open() {
    this.element.hidden = false;
    this.input.value = "";
    this.refresh();
    this.input.focus({ preventScroll: true });
  }

  close() {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.onClose();
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.index = Math.max(0, Math.min(this.found.length - 1, this.index + step));
    else if (event.key === "Enter") this.pick(this.found[this.index]);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.draw();
  }

  refresh() {
    this.index = 0;
    this.found = search(this.classes, this.input.value).slice(0, SHOWN);
    this.draw();
  }

  draw() {
    this.list.replaceChildren(...this.found.map((label, i) =>
      button({ role: "option", class: i === this.index ? "option here" : "option", "aria-selected": i === this.index, title: label, onclick: () => this.pick(label) }, named("span", label))));
    if (!this.found.length) this.list.replaceChildren(h("p", { class: "hint", text: "no class has these letters" }));
  }

  pick(label) {
    if (label === undefined) return;
    this.close();
    this.onPick(label);
  }
}

/** Classes that begin with the text first, then those that hold it, then those with its letters. */
export function search(classes, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [...classes];
  const score = (label) => {
    const name = label.toLowerCase();
    if (name.startsWith(wanted)) return 0;
    if (name.includes(wanted)) return 1;
    let at = -1;
    return [...wanted].every((letter) => (at = name.indexOf(letter, at + 1)) >= 0) ? 2 : 3;
  };
  return classes.map((label) => [score(label), label]).filter(([s]) => s < 3)
    .sort((a, b) => a[0] - b[0]).map(([, label]) => label);
}
