// The review of changes: holds a stretch of the list, judges at once, tells the server later.
//
// As in Review and Problems, the server is told by a route, line.js: each message carries every
// verdict that is not acknowledged, each with its own id, so that sending twice changes nothing.
// A row: id (of the edit, or example:…), pos, edit (null = none to judge), example_id, kind, pair,
// before, after, split, annotator, when, reason, evidence, commit, caused [fixed, broken].

import { button, h, setText } from "./dom.js";
import { preload } from "./images.js";
import { belongsElsewhere, command } from "./keys.js";
import { Line } from "./line.js";
import { listen } from "./listening.js";
import { mount, occupy } from "./mounting.js";
import { Refusal } from "./notices.js";
import { Outbox, newEditId } from "./outbox.js";
import { ProblemQueue } from "./problem_queue.js";
import { COMMANDS, HELP, MOVES } from "./review_keys.js";
import { ReviewList } from "./review_list.js";
import { ReviewStage } from "./review_stage.js";

const ASK_BELOW = 160; // changes ahead; fewer, and the server is asked for more
const QUIET_MS = 250; // after the last move: the address follows the cursor
const REMARK_MS = 4000;
const REST_MS = 3000; // after the last verdict that was saved
const LEAP = 20;
const NO_EDIT = "No one edit made this change, so there is nothing to judge: → goes on to the next.";
const MOVING = /^(next|previous|leap|leapback)$/;

/** Called by Streamlit at mount and whenever the data changes. */
export default function reviews({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".reviews");
  if (!root || !data) return undefined;
  return mount({ root, data, setStateValue, identity, make: (old) => new Reviews(root, data, old) });
}

const identity = (data) => `${data.workspace}/${data.dataset}/${data.annotator}/${data.view}`;

const notice = () => h("p", { class: "notice", hidden: true, role: "alert", title: "click to hide", onclick: (event) => { event.target.hidden = true; } });

class Reviews {
  /** old: the view before, where the filters or the revisions changed under the same hands. */
  constructor(root, data, old) {
    this.root = root;
    this.identity = identity(data);
    this.data = data;
    this.client = newEditId();
    this.line = new Line(this, data.conversation);
    this.payloads = new Map();
    this.said = new Map(); // row id → {verdicts, comments}, as the server has them
    this.mine = new Map(); // row id → own verdict or null, where keys changed it and the server does not say so yet
    this.history = data.history; // [{id, row, before}], oldest first
    this.wanted = old?.queue.current?.id ?? null;
    this.queue = new ProblemQueue({ isTodo: (row) => row.edit !== null && this.mineOf(row) === null });
    this.outbox = new Outbox({
      prefix: `upwell/reviews/${data.workspace}/${data.dataset}/${data.annotator}/`,
      client: this.client,
      send: () => this.line.ask(),
      hurry: () => this.line.hurry(),
      onChange: () => this.showSaved(),
    });
    const kept = old ? [...old.outbox.edits.values()].filter((edit) => !this.outbox.edits.has(edit.edit_id)) : [];
    this.build();
    if (kept.length) this.outbox.add(kept);
    for (const edit of this.outbox.edits.values()) this.follow(edit);
    this.controller = listen(this);
  }

  // ---- the page ----

  build() {
    const back = () => this.root.focus({ preventScroll: true });
    this.stage = new ReviewStage({ on: { command: (name) => this.command(name), write: (name, text) => this.judge(name === "request" ? "request_change" : "comment", text), closed: back } });
    this.list = new ReviewList({ on: {
      open: (row) => { this.queue.seek(row.id); this.arrive(); },
      jump: (id) => this.jump(id),
      leap: (n) => this.move(n),
    } });
    this.place = h("b", { class: "place" });
    this.saved = h("span", { class: "saved", role: "status", "aria-live": "polite" });
    const head = h("header", {}, this.place, h("span", { class: "space" }), this.saved,
      button({ class: "quiet", "aria-label": "keys", onclick: () => this.toggleHelp() }, h("kbd", { text: "?" }), h("span", { class: "wide", text: "Keys" })));
    this.notice = notice();
    this.tally = h("p", { class: "tally", role: "status" });
    this.why = h("p", { class: "why-none", role: "note", hidden: true });
    this.refusal = new Refusal({ onChange: () => this.showSaved() });
    this.done = h("div", { class: "done", hidden: true });
    this.help = this.helpPanel();
    const body = h("div", { class: "panes" }, this.list.element, h("div", { class: "work" }, this.stage.element, this.done));
    this.parts = [this.tally, head, this.why, this.refusal.element, this.notice, body, this.help];
    this.fill();
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

  helpPanel() {
    const list = (pairs) => h("dl", {}, ...pairs.flatMap(([key, what]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text: what })]));
    return h("div", { class: "help", hidden: true, role: "note" },
      h("div", {}, h("h3", { text: "To judge" }), list(HELP)),
      h("div", {}, h("h3", { text: "To go" }), list(MOVES)),
      button({ class: "quiet close", onclick: () => this.toggleHelp(false) }, h("kbd", { text: "Esc" }), "Close"));
  }

  close() {
    this.outbox.close();
    this.line.close();
    clearTimeout(this.quiet);
    clearTimeout(this.resting);
    this.controller.abort();
  }

  leave() {
    this.outbox.hurry();
    this.writeAddress();
    clearTimeout(this.resting); // drawing this page would disturb the view that comes
  }

  /** Whether it holds what keys are about. */
  get isReady() {
    return this.queue.range !== null;
  }

  keydown(event) {
    if (belongsElsewhere(event)) return;
    const found = command(event, [], [], COMMANDS);
    if (!found) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.repeat && !MOVING.test(found.name)) return; // a held key acts once
    this.command(found.name);
  }

  keyup() {}

  command(name) {
    if (name === "approve") this.judge("approve");
    else if (name === "request" || name === "comment") this.ask(name);
    else if (name === "undo") this.undo();
    else if (name === "next" || name === "previous") this.move(name === "next" ? 1 : -1);
    else if (name === "leap" || name === "leapback") this.move(name === "leap" ? LEAP : -LEAP);
    else if (name === "first" || name === "last") this.move(name === "first" ? -Infinity : Infinity);
    else if (name === "open") this.go();
    else if (name === "play") this.stage.play();
    else if (name === "help") this.toggleHelp();
    else if (name === "escape" && this.help.hidden) this.refusal.hide();
    else if (name === "escape") this.toggleHelp(false);
  }

  // ---- judging ----

  get row() {
    return this.done.hidden ? this.queue.current : null;
  }

  /** Own verdict on a row: {action, text}, or null. */
  mineOf = (row) => {
    if (this.mine.has(row.id)) return this.mine.get(row.id);
    const own = this.said.get(row.id)?.verdicts.find((v) => v.annotator === this.data.annotator);
    return own ? { id: own.id, action: own.verdict, text: own.text } : null;
  };

  othersOf = (row) => {
    const verdicts = (this.said.get(row.id)?.verdicts ?? []).filter((v) => v.annotator !== this.data.annotator);
    const n = verdicts.filter((v) => v.verdict === "approve").length;
    return [n ? `✓${n}` : "", verdicts.length - n ? `✎${verdicts.length - n}` : ""].join(" ").trim();
  };

  ask(name) {
    const { row } = this;
    if (!row) return void this.say("All is judged: ↑ looks back.");
    if (!row.edit) return void this.say(this.data.no_edits ?? NO_EDIT);
    const mine = this.mineOf(row);
    return this.stage.open(name, name === "request" && mine?.action === "request_change" ? mine.text ?? "" : "");
  }

  judge(action, text = null) {
    const { row } = this;
    if (!row) return void this.say("All is judged: ↑ looks back.");
    if (!row.edit) return void this.say(this.data.no_edits ?? NO_EDIT);
    const before = this.mineOf(row);
    if (action === "approve" && before?.action === "approve") return void this.goOn();
    const edit = { edit_id: newEditId(), example_id: row.example_id, action, value: row.edit, row: row.id, text: text || null };
    this.history.push({ id: edit.edit_id, row: row.id, example_id: row.example_id, before });
    this.follow(edit);
    this.outbox.add([edit]);
    if (action === "comment") this.showAll();
    else this.goOn();
  }

  /** Take a verdict in at once: what is shown goes by it until the server answers. */
  follow({ action, row, text, edit_id, before }) {
    if (action === "approve" || action === "request_change") this.mine.set(row, { id: edit_id, action, text, isPending: true });
    else if (action === "undo" && before !== undefined) this.mine.set(row, before);
  }

  undo() {
    const step = this.history.pop();
    if (!step) return void this.say("Nothing to undo.");
    const mine = this.mineOf({ id: step.row });
    const isVerdict = mine?.id === step.id;
    const example_id = step.example_id ?? this.queue.byId.get(step.row)?.example_id ?? this.exampleOf(step.row);
    if (example_id === undefined) { // it is far from here: go there first, then press again
      this.history.push(step);
      return void this.jump(step.row);
    }
    const edit = { edit_id: newEditId(), example_id, action: "undo", value: step.id, row: step.row, text: null, before: isVerdict ? step.before ?? null : undefined };
    this.follow(edit);
    if (!this.queue.seek(step.row)) this.wanted = step.row;
    this.arrive();
    this.outbox.add([edit]);
    if (this.wanted) this.outbox.flush();
  }

  exampleOf = (id) => this.queue.rows.find((row) => row.id === id)?.example_id;

  // ---- going ----

  move(delta) {
    if (!this.queue.move(delta)) this.say(delta > 0 ? "This is the last one." : "This is the first one.");
    this.arrive();
  }

  /** Go to the next change without a verdict of one's own; without one, say so. */
  goOn() {
    this.arrive(!this.queue.advance());
  }

  jump(id) {
    if (this.queue.seek(id)) this.arrive();
    else {
      this.wanted = id;
      this.line.ask();
    }
  }

  arrive(isOver = false) {
    if (this.stage.writing) this.stage.close();
    this.done.hidden = !isOver && this.queue.current !== null;
    this.showAll();
  }

  go() {
    if (!this.row) return;
    this.leave();
    location.assign(this.address("example", { example: this.row.example_id }));
  }

  address(view, parameters) {
    const query = new URLSearchParams({ dataset: this.data.dataset, ...parameters });
    return new URL(`./${view}?${query}`, location.href).href;
  }

  // ---- showing ----

  showAll() {
    this.showStage();
    this.list.show({ groups: this.data.groups, queue: this.queue, mineOf: this.mineOf, othersOf: this.othersOf });
    this.showPlace();
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.settle(), QUIET_MS);
  }

  showStage() {
    const { row } = this;
    this.stage.element.hidden = row === null;
    if (!row) return this.done.replaceChildren(...this.doneParts());
    const { verdicts = [], comments = [] } = this.said.get(row.id) ?? {};
    const pending = [...this.outbox.edits.values()].filter((edit) => edit.action === "comment" && edit.row === row.id && !comments.some((c) => c.id === edit.edit_id));
    return this.stage.show(row, {
      payload: this.payloads.get(row.example_id), mine: this.mineOf(row),
      verdicts: verdicts.filter((v) => v.annotator !== this.data.annotator).map((v) => ({ ...v, action: v.verdict })),
      comments: [...comments, ...pending.map((edit) => ({ annotator: "you", text: edit.text }))],
    });
  }

  doneParts() {
    if (!this.queue.isEnd && this.data.n_left) return [h("p", { class: "hint", text: "Loading more changes …" })];
    const link = (text, view) => h("a", { href: this.address(view, {}), text, target: "_self" });
    return [
      h("h2", { text: "All is judged" }),
      h("p", { text: "Every change of this list has a verdict of yours. They are in the edit log; commit them with the rest." }),
      h("p", { class: "links" }, link("Commit", "changes"), link("Compile", "compile")),
      h("p", { class: "hint" }, h("kbd", { text: "U" }), " undoes, ", h("kbd", { text: "↑" }), " looks back"),
    ];
  }

  showPlace() {
    let n = this.data.n_judged;
    for (const row of this.queue.rows) {
      const served = (this.said.get(row.id)?.verdicts ?? []).some((v) => v.annotator === this.data.annotator);
      n += Number(this.mineOf(row) !== null) - Number(served);
    }
    const at = this.queue.current ? `${(this.queue.current.pos + 1).toLocaleString("en")} of ${this.data.n.toLocaleString("en")}` : "";
    setText(this.place, `${at} · ${n.toLocaleString("en")} judged by you`);
    this.root.dataset.judged = n;
  }

  showSaved() {
    const { size, status, error } = this.outbox;
    const text = { saved: this.refusal.words ?? "All saved", saving: `${size} saving …`, offline: `Offline: ${size} kept here, sent again soon`, refused: `${size} not saved: ${error}` }[status];
    this.saved.dataset.status = this.refusal.words ? "refused" : status;
    setText(this.saved, text);
    this.saved.title = text;
    this.root.dataset.unsaved = size;
  }

  /** The keys paused: bring the address and the server up to date, and fetch what comes next. */
  settle() {
    this.writeAddress();
    const { rows, index, range, isEnd } = this.queue;
    for (const row of rows.slice(Math.max(0, index), index + 8)) {
      const url = this.payloads.get(row.example_id)?.url;
      if (url) preload(url);
    }
    const isShort = !isEnd && this.queue.rows.length - index < ASK_BELOW;
    const isAtStart = index < LEAP && (range?.[0] ?? 0) > 0;
    if (isShort || isAtStart || this.wanted) this.line.ask();
  }

  writeAddress() {
    const row = this.queue.current;
    if (!row?.edit) return;
    const url = new URL(location.href);
    if (url.searchParams.get("edit") === row.edit || !url.pathname.endsWith("/reviews")) return;
    url.searchParams.set("edit", row.edit);
    history.replaceState(history.state, "", url);
  }

  say(text) {
    setText(this.notice, text);
    this.notice.hidden = false;
    clearTimeout(this.noticeTimer);
    this.noticeTimer = setTimeout(() => { this.notice.hidden = true; }, REMARK_MS);
  }

  toggleHelp(isOpen = this.help.hidden) {
    this.help.hidden = !isOpen;
  }

  // ---- talking with the server ----

  /** What the server is told. isLeaving: nobody will read more than what became of the edits. */
  message({ isLeaving }) {
    const edits = this.outbox.take().map(({ edit_id, example_id, action, value, text }) => ({ edit_id, example_id, action, value, text }));
    return {
      client: this.client, annotator: this.data.annotator, build_id: this.data.view, edits: edits,
      ...(isLeaving ? { is_leaving: true } : { cursor: this.queue.current?.pos ?? 0, have: this.queue.range, wanted: this.wanted }),
    };
  }

  /** The page was drawn again, with what it had at first: what is new the server tells. */
  renew(data) {
    this.line.renew(data.conversation);
  }

  receive(data) {
    const isFirst = this.queue.range === null;
    this.data = { ...data, history: [] };
    if (isFirst && data.is_repeat) {
      this.beginAnew();
      return;
    }
    if (isFirst && !this.history.length) this.history = data.history;
    for (const [id, payload] of Object.entries(data.examples)) this.payloads.set(id, payload);
    const isJump = this.wanted !== null && data.is_reset && data.rows.some((row) => row.id === this.wanted);
    if (isJump && !isFirst && !this.queue.seek(this.wanted)) this.queue.clear();
    this.queue.merge(data.rows, isFirst || isJump || !data.is_reset ? data.range : null, data.is_end);
    this.takeSaid(data.said);
    setText(this.tally, data.tally);
    setText(this.why, data.no_edits ?? "");
    this.why.hidden = !data.no_edits;
    if (isFirst && data.start_notice) this.say(data.start_notice);
    this.place_(data, isFirst);
    this.showAll();
    this.showSaved();
  }

  /** What people said, as the server has it; own verdicts that are on their way stay as keys left them. */
  takeSaid(said) {
    this.said = new Map(Object.entries(said));
    const pending = new Set([...this.outbox.edits.values()].map((edit) => edit.row));
    for (const id of this.mine.keys()) if (!pending.has(id)) this.mine.delete(id);
  }

  /** What came is what an earlier surface was given: ask for what is so now. */
  beginAnew() {
    this.stage.element.hidden = true;
    this.done.hidden = false;
    this.done.replaceChildren(...this.doneParts());
    this.wanted ??= new URL(location.href).searchParams.get("edit");
    this.line.ask();
  }

  /** Put the cursor where it belongs after news: on what was asked for, else where it is. */
  place_(data, isFirst) {
    const before = this.queue.current?.id;
    if (this.wanted && this.queue.seek(this.wanted)) this.wanted = null;
    else if (isFirst && !this.queue.seek(data.start)) {
      const first = this.queue.rows.findIndex((row) => this.queue.isTodo(row));
      this.queue.index = first >= 0 ? first : this.queue.rows.length ? 0 : -1;
    } else if (this.wanted && data.answered === this.wanted) this.wanted = null; // the list has it no more
    const isOver = !this.done.hidden && !isFirst ? !this.queue.advance() : this.queue.current === null;
    if (before !== this.queue.current?.id || isOver !== !this.done.hidden) this.arrive(isOver);
  }

  takeReceipt({ acked, refused, error }) {
    const pending = [...this.outbox.edits.keys()];
    const gone = pending.filter((id) => id in refused);
    this.history = this.history.filter((step) => !(step.id in refused));
    this.refusal.follow({ acked, sentences: gone.map((id) => refused[id]), pending });
    this.outbox.receive({ acked, refused, error });
    if (acked.length) this.rest();
  }

  /** The verdicts paused: what the page around says of them is drawn again. */
  rest() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.setStateValue("rested", Date.now()), REST_MS);
  }
}
