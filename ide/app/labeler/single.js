// The example on a page of its own: classes by key, and the next and the previous one of its list.
//
// The page around it is drawn by the server, so a move is asked for and the page follows; only what
// it shows can be judged.

import { button, h, named, setText } from "./dom.js";
import { belongsElsewhere, classKeys, command } from "./keys.js";
import { Line } from "./line.js";
import { listen } from "./listening.js";
import { mount, occupy } from "./mounting.js";
import { Notices } from "./notices.js";
import { Outbox, newEditId } from "./outbox.js";
import { Picker } from "./picker.js";
import { Steps } from "./steps.js";

const COMMANDS = { Enter: "take", " ": "keep", x: "exclude", u: "undo", "/": "pick", ArrowRight: "next", ArrowLeft: "previous" };
const MOVE_MS = 80; // after the last arrow: the page goes there

/** Called by Streamlit at mount and whenever the data changes. */
export default function single({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".single");
  if (!root || !data) return undefined;
  return mount({ root, data, setStateValue, identity, make: () => new Single(root, data) });
}

const identity = (data) => `${data.workspace}/${data.dataset}/${data.annotator}/${data.example}/${data.list}`;

class Single {
  constructor(root, data) {
    [this.root, this.data, this.identity] = [root, data, identity(data)];
    this.client = newEditId();
    [this.row, this.arrivedAt] = [null, Infinity]; // until the server has said what stands, and when
    this.target = data.at; // where the arrows lead, of the ids around
    this.keys = classKeys(data.classes);
    this.steps = new Steps({ byId: () => new Map(this.row ? [[this.row.id, this.row]] : []), evidenceOf: () => this.data.evidence });
    this.line = new Line(this, data.conversation);
    this.outbox = new Outbox({
      prefix: `upwell/edits/${data.workspace}/${data.dataset}/${data.annotator}/`,
      client: this.client,
      send: () => this.line.ask(),
      hurry: () => this.line.hurry(),
      onChange: () => this.showSaved(),
    });
    this.build();
    this.controller = listen(this);
  }

  build() {
    const { classes } = this.data;
    this.previous = button({ class: "quiet", onclick: () => this.move(-1) }, h("kbd", { text: "←" }), h("span", { text: "Previous" }));
    this.next = button({ class: "quiet", onclick: () => this.move(1) }, h("kbd", { text: "→" }), h("span", { text: "Next" }));
    this.place = h("b", { class: "place" });
    this.saved = h("span", { class: "saved", role: "status", "aria-live": "polite" });
    this.notices = new Notices({ onReload: () => {}, onChange: () => this.showSaved() });
    const keyed = this.keys.length ? classes : [];
    this.classes = new Map(keyed.map((name, i) => [name, button({ class: "class", title: name, onclick: () => this.judge("label", name) },
      this.keys[i] === name ? null : h("kbd", { text: this.keys[i].toUpperCase() }), named("span", name))]));
    this.picker = new Picker({ classes, onPick: (label) => this.judge("label", label), onClose: () => this.root.focus({ preventScroll: true }) });
    this.parts = [
      h("header", {}, this.previous, this.place, this.next, h("span", { class: "space" }), this.saved),
      ...this.notices.elements,
      h("div", { class: "classes", role: "group", "aria-label": "classes" }, ...this.classes.values(),
        button({ class: "quiet", onclick: () => this.picker.open() }, h("kbd", { text: "/" }), h("span", { text: "Find a class" })),
        button({ class: "quiet", onclick: () => this.undo() }, h("kbd", { text: "U" }), h("span", { text: "Undo" }))),
      this.picker.element,
    ];
    this.fill();
    this.showPlace();
  }

  fill() {
    occupy(this.root, this.parts);
  }

  /** The page made the element anew: go on in the new one. */
  settleIn(root) {
    this.root = root;
    this.fill();
    this.controller = listen(this);
    this.outbox.open();
  }

  close() {
    this.outbox.close();
    this.line.close();
    this.controller.abort();
  }

  leave() {
    this.outbox.hurry();
  }

  writeAddress() {} // it is the page's own

  // ---- keys ----

  /** Whether it knows what it is about; until then keys are kept. */
  get isReady() {
    return this.row !== null;
  }

  /** at: when the key was pressed, where it was kept since. */
  keydown(event, at = Date.now()) {
    if (belongsElsewhere(event)) return;
    const found = command(event, this.data.classes, this.keys, COMMANDS);
    if (!found || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.held = event.code;
    if (found.name === "next" || found.name === "previous") this.move(found.name === "next" ? 1 : -1);
    else if (event.repeat) return; // a held key judges once
    else if (at < this.arrivedAt) this.sayComing(); // it was meant for what was shown before
    else if (found.name === "undo") this.undo();
    else if (found.name === "pick") this.picker.open();
    else this.judge(found.name, found.label);
  }

  keyup(event) {
    if (event.code === this.held) event.stopImmediatePropagation();
    this.held = null;
  }

  move(delta) {
    const target = this.target + delta;
    if (target < 0 || target >= this.data.around.length) {
      this.say(delta > 0 ? "This is the last one." : "This is the first one.");
      return;
    }
    this.target = target;
    this.showPlace();
    clearTimeout(this.moving);
    this.moving = setTimeout(() => this.setStateValue("go", { example: this.data.around[this.target], at: Date.now() }), MOVE_MS);
  }

  judge(name, label = null) {
    if (!this.row || this.target !== this.data.at) {
      this.sayComing();
      return;
    }
    const edits = this.steps.judge([this.row], name, label);
    if (edits.length) this.add(edits);
    else this.say(name === "take" ? "Nothing more likely is suggested: choose a class." : "This example has no label to keep: choose one.");
  }

  sayComing() {
    this.say("The example is on its way: press again when it is here.");
  }

  undo() {
    const undone = this.steps.undo();
    if (undone) this.add(undone.edits);
    else this.say("You did nothing here that could be undone.");
  }

  add(edits) {
    this.show();
    this.outbox.add(edits);
  }

  // ---- showing ----

  show() {
    const { label, excluded } = this.row.state;
    for (const [name, element] of this.classes) element.classList.toggle("current", name === label && !excluded);
  }

  showPlace() {
    const { at, first, n, where, around } = this.data;
    const isMoving = this.target !== at;
    setText(this.place, `${(first + this.target).toLocaleString("en")} of ${n.toLocaleString("en")} ${where}${isMoving ? " …" : ""}`);
    this.previous.disabled = this.target === 0;
    this.next.disabled = this.target === around.length - 1;
  }

  showSaved() {
    const { outbox } = this;
    const status = this.notices.refusal.words ? "refused" : outbox.status;
    const text = { saved: "All saved", saving: `${outbox.size} saving …`, offline: `Offline: ${outbox.size} kept here, sent again soon` }[status];
    this.saved.dataset.status = status;
    setText(this.saved, text ?? this.notices.refusal.words ?? `${outbox.size} not saved: ${outbox.error}`);
    this.root.dataset.unsaved = outbox.size;
  }

  say(text) {
    this.notices.say(text);
  }

  // ---- talking with the server ----

  message({ isLeaving }) {
    const about = { client: this.client, annotator: this.data.annotator, build_id: this.data.build_id ?? "example", edits: this.outbox.take() };
    return isLeaving ? { ...about, is_leaving: true } : about;
  }

  /** The page was drawn again: what was done by its other buttons the server tells. */
  renew(data) {
    this.line.renew(data.conversation);
  }

  receive(data) {
    if (data.is_repeat) { // what an earlier surface was given: ask for what is so now
      this.line.ask();
      return;
    }
    this.data = { ...this.data, evidence: data.evidence };
    const [row] = data.rows;
    if (!row) return;
    if (!this.row) {
      this.steps.begin(data.history);
      this.arrivedAt = Date.now();
    }
    if (!this.row || !this.outbox.of(row.id).length) this.row = row; // ours on the way stay
    this.show();
    this.showSaved();
  }

  takeReceipt({ acked, refused, error }) {
    const pending = [...this.outbox.edits.keys()];
    const gone = pending.filter((id) => id in refused);
    gone.forEach((id) => this.steps.refuse(id));
    this.notices.refusal.follow({ acked, sentences: gone.map((id) => refused[id]), pending });
    this.outbox.receive({ acked, refused, error });
    if (acked.length && !this.outbox.size) this.setStateValue("rested", Date.now()); // the page tells what is new
  }
}
