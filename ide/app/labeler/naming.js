// What can be done with an example that has no label: take what the network suggests, find a class.

import { button, h, setName, setText } from "./dom.js";

export class Naming {
  /** on: {take(), exclude(), undo(), pick()} */
  constructor({ on }) {
    this.title = h("h3");
    this.takeText = h("span");
    this.excludeText = h("span");
    this.take = button({ class: "primary take", onclick: () => on.take() }, h("kbd", { text: "Enter" }), this.takeText);
    this.element = h("div", { class: "naming" }, this.title,
      h("div", { class: "actions" }, this.take,
        button({ class: "pick", onclick: () => on.pick() }, h("kbd", { text: "/" }), h("span", { text: "Find", title: "find a class by typing" })),
        button({ class: "exclude", onclick: () => on.exclude() }, h("kbd", { text: "X" }), this.excludeText),
        button({ class: "undo", onclick: () => on.undo() }, h("kbd", { text: "U" }), h("span", { text: "Undo" }))));
  }

  show(row) {
    const { excluded, label } = row.state;
    setText(this.title, excluded ? "Excluded" : label === null ? "Which class is it?" : `Labelled ${label}`);
    this.take.hidden = row.suggested === null;
    this.take.title = `the network's likeliest class is ${row.suggested}`;
    setName(this.takeText, `Take ${row.suggested}`);
    setText(this.excludeText, excluded ? "Restore" : "Exclude");
  }
}
