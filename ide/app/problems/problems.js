// The Problems view: holds a stretch of the list, acts at once, tells the server later.
//
// As in Review, the server is told by a route, line.js: each message carries every edit that is not
// acknowledged, each with its own id, so that sending twice changes nothing.

import { button, h, setText } from "./dom.js";
import { preload } from "./images.js";
import { belongsElsewhere, classKeys, command } from "./keys.js";
import { Line } from "./line.js";
import { listen } from "./listening.js";
import { mount, occupy } from "./mounting.js";
import { Refusal } from "./notices.js";
import { Outbox, newEditId } from "./outbox.js";
import { Picker } from "./picker.js";
import { COMMANDS, HELP, MOVES } from "./problem_keys.js";
import { ProblemList } from "./problem_list.js";
import { ProblemQueue } from "./problem_queue.js";
import { after, register, statusOf, unknown, without } from "./problem_rules.js";
import { ProblemStage } from "./problem_stage.js";

const ASK_BELOW = 160; // problems ahead; fewer, and the server is asked for more
const QUIET_MS = 250; // after the last move: the address follows the cursor
const REMARK_MS = 4000;
const LEAP = 20;
const MOVING = /^(next|previous|onward|back|leap|leapback)$/;

/** Called by Streamlit at mount and whenever the data changes. */
export default function problems({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".problems");
  if (!root || !data) return undefined;
  return mount({ root, data, setStateValue, identity, make: (old) => new Problems(root, data, old) });
}

const identity = (data) => `${data.workspace}/${data.dataset}/${data.annotator}/${data.view}`;

function notice() {
  const element = h("p", { class: "notice", hidden: true, role: "alert", title: "click to hide", onclick: () => { element.hidden = true; } });
  return element;
}

class Problems {
  /** old: the view before, where the filters or the build changed under the same hands. */
  constructor(root, data, old) {
    this.root = root;
    this.identity = identity(data);
    this.data = data;
    this.client = newEditId();
    this.line = new Line(this, data.conversation);
    this.focus = 0;
    this.states = new Map(); // example id → state, "*" = of the whole dataset
    this.payloads = new Map();
    this.samples = new Map();
    this.asked = new Set(); // problems whose examples were asked for
    this.history = old?.history.length ? old.history : data.history;
    this.wanted = old?.queue.current?.id ?? null;
    this.keys = classKeys(data.classes);
    this.queue = new ProblemQueue({ isTodo: (row) => row.now === (data.status === "all" ? "open" : data.status) });
    this.outbox = new Outbox({
      prefix: `upwell/problems/${data.workspace}/${data.dataset}/${data.annotator}/`,
      client: this.client,
      send: () => this.line.ask(),
      hurry: () => this.line.hurry(),
      onChange: () => this.showSaved(),
    });
    const kept = old ? [...old.outbox.edits.values()].filter((edit) => !this.outbox.edits.has(edit.edit_id)) : [];
    this.build();
    if (kept.length) this.outbox.add(kept);
    this.controller = listen(this);
  }

  // ---- the page ----

  build() {
    const back = () => this.root.focus({ preventScroll: true });
    this.stage = new ProblemStage({ classes: this.data.classes, keys: this.keys, on: {
      command: (name, label) => this.command({ name, label }),
      focus: (index) => { this.focus = index; this.showStage(); },
      exclude: (index) => this.exclude(index),
      pick: () => this.picker.open(),
      move: () => this.command({ name: "move" }),
    } });
    this.list = new ProblemList({ on: {
      open: (row) => { this.queue.seek(row.id); this.arrive(); },
      jump: (id) => this.jump(id),
      leap: (n) => this.move(n),
    } });
    this.picker = new Picker({ classes: this.data.classes, onPick: (label) => this.relabel(label), onClose: back });
    this.splits = new Picker({ classes: this.data.splits, onPick: (split) => this.moveTo(split), onClose: back });
    this.splits.input.placeholder = "split …";
    this.splits.input.setAttribute("aria-label", "find a split");
    this.place = h("b", { class: "place" });
    this.saved = h("span", { class: "saved", role: "status", "aria-live": "polite" });
    const head = h("header", {}, this.place, h("span", { class: "space" }), this.saved,
      button({ class: "quiet", "aria-label": "keys", onclick: () => this.toggleHelp() }, h("kbd", { text: "?" }), h("span", { class: "wide", text: "Keys" })));
    this.notice = notice();
    this.refusal = new Refusal({ onChange: () => this.showSaved() });
    this.done = h("div", { class: "done", hidden: true });
    this.help = this.helpPanel();
    this.body = h("div", { class: "panes" }, this.list.element, h("div", { class: "work" }, this.stage.element, this.done));
    this.parts = [head, this.refusal.element, this.notice, this.body, this.picker.element, this.splits.element, this.help];
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
    const first = this.keys.length ? [[`${this.keys[0]} … ${this.keys.at(-1)}`.toUpperCase(), "label the framed example with that class"]] : [];
    return h("div", { class: "help", hidden: true, role: "note" },
      h("div", {}, h("h3", { text: "To act" }), list([...first, ...HELP])),
      h("div", {}, h("h3", { text: "To go" }), list(MOVES)),
      button({ class: "quiet close", onclick: () => this.toggleHelp(false) }, h("kbd", { text: "Esc" }), "Close"));
  }

  close() {
    this.outbox.close();
    this.line.close();
    clearTimeout(this.quiet);
    this.controller.abort();
  }

  leave() {
    this.outbox.hurry();
    this.writeAddress();
  }

  /** Whether it holds what keys are about. */
  get isReady() {
    return this.queue.range !== null;
  }

  keydown(event) {
    if (belongsElsewhere(event)) return;
    const found = command(event, this.data.classes, this.keys, COMMANDS);
    if (!found) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.held = event.code;
    if (event.repeat && !MOVING.test(found.name)) return; // a held key acts once
    this.command(found.name === "open" && event.shiftKey ? { name: "review" } : found);
  }

  keyup(event) {
    if (event.code === this.held) event.stopImmediatePropagation();
    this.held = null;
  }

  command({ name, label }) {
    const moves = { next: 1, previous: -1, leap: LEAP, leapback: -LEAP, first: -Infinity, last: Infinity };
    if (name in moves) this.move(moves[name]);
    else if (name === "onward" || name === "back") this.frame(name === "onward" ? 1 : -1);
    else if (name === "dismiss") this.dismiss();
    else if (name === "exclude") this.exclude(this.focus);
    else if (name === "left" || name === "right") this.exclude(name === "left" ? 0 : 1, true);
    else if (name === "others") this.excludeOthers();
    else if (name === "same") this.sameSplit();
    else if (name === "label") this.relabel(label);
    else if (name === "undo") this.undo();
    else if (name === "pick") this.picker.open();
    else if (name === "move") this.splits.open();
    else if (name === "open" || name === "review") this.go(name === "open" ? "example" : "review");
    else if (name === "gate") this.goToGate();
    else if (name === "help") this.toggleHelp();
    else if (name === "escape" && this.help.hidden) this.refusal.hide();
    else if (name === "escape") this.toggleHelp(false);
  }

  // ---- acting ----

  get row() {
    return this.done.hidden ? this.queue.current : null;
  }

  /** The framed example, or a remark that there is none. */
  get framed() {
    const id = this.row?.cards[this.focus];
    if (id === undefined && this.row) this.say("This problem is about no one example.");
    return id;
  }

  stateOf = (id) => this.states.get(id) ?? unknown();

  /** Not a problem: an edit for each issue that is still one; where all are dismissed, the reverse. */
  dismiss() {
    const { row } = this;
    if (!row) return;
    if (row.now === "dismissed") {
      const heads = row.issues.flatMap(([issue, example]) => (this.stateOf(example).heads[`dismissal:${issue}`] ?? []).map((edit_id) => ({ edit_id, example_id: example, register: `dismissal:${issue}` })));
      this.takeBack({ edits: heads.map((entry) => ({ ...entry, issue_id: row.id })) }, row);
      return;
    }
    const rest = row.issues.filter(([issue, example]) => !this.stateOf(example).dismissed.includes(issue));
    this.act(rest.map(([issue, example]) => ({ example_id: example, action: "dismiss", value: issue })));
  }

  exclude(index, isOfPair = false) {
    const { row } = this;
    if (!row) return;
    if (isOfPair && row.examples.length !== 2) return this.say("Left and right are for pairs: frame one, then X.");
    const id = row.cards[index];
    if (id === undefined) return this.say("This problem is about no one example.");
    return this.act([{ example_id: id, action: this.stateOf(id).excluded ? "restore" : "exclude", value: null }]);
  }

  excludeOthers() {
    const id = this.framed;
    if (id === undefined || this.row.examples.length < 2) return;
    const others = this.row.examples.filter((other) => other !== id && !this.stateOf(other).excluded);
    this.act(others.map((other) => ({ example_id: other, action: "exclude", value: null })));
  }

  sameSplit() {
    const id = this.framed;
    if (id === undefined) return;
    const other = this.row.examples.map((x) => this.stateOf(x).split).find((split) => split && split !== this.stateOf(id).split);
    if (other) this.moveTo(other);
    else this.say("They are in one split already; G moves the framed one.");
  }

  moveTo(split) {
    const id = this.framed;
    if (id === undefined) return;
    if (this.stateOf(id).split === split) this.say(`It is in ${split} already.`);
    else this.act([{ example_id: id, action: "split", value: split }]);
  }

  relabel(label) {
    const id = this.framed;
    if (id !== undefined) this.act([{ example_id: id, action: "label", value: label }]);
  }

  /** Make edits as one step, and go on where the problem is over with them. */
  act(wanted) {
    const { row } = this;
    if (!wanted.length || !row) return;
    const made_at = new Date().toISOString();
    const step = { edits: [], before: new Map() };
    const edits = wanted.map(({ example_id, action, value }) => {
      const state = this.stateOf(example_id);
      const name = register(action, value);
      if (!step.before.has(example_id)) step.before.set(example_id, state);
      const edit = { edit_id: newEditId(), example_id, action, value, made_at, previous: state.heads[name] ?? [], evidence: this.evidence(row) };
      step.edits.push({ edit_id: edit.edit_id, example_id, register: name, issue_id: row.id });
      this.states.set(example_id, after(state, edit));
      return edit;
    });
    this.history.push(step);
    this.settleRows();
    if (this.queue.isTodo(row)) this.showAll();
    else this.goOn();
    this.outbox.add(edits);
  }

  evidence(row) {
    return { build_id: this.data.build_id, issue_id: row.id };
  }

  undo() {
    const step = this.history.pop();
    if (step) this.takeBack(step, null);
    else this.say("Nothing to undo.");
  }

  /** Take a step back and show its problem; row: it was no step of ours, but what stands there. */
  takeBack(step, row) {
    const made_at = new Date().toISOString();
    const undone = { edits: [], before: new Map() };
    const edits = [...step.edits].reverse().map(({ edit_id, example_id, register: name, issue_id }) => {
      const state = this.stateOf(example_id);
      if (!undone.before.has(example_id)) undone.before.set(example_id, state);
      const known = state.heads[name] ?? [];
      const previous = !known.length || known.includes(edit_id) ? [edit_id] : known;
      const edit = { edit_id: newEditId(), example_id, action: "undo", value: edit_id, made_at, previous, evidence: { build_id: this.data.build_id, issue_id } };
      this.states.set(example_id, { ...without(state, name), heads: { ...state.heads, [name]: [edit.edit_id] } });
      return edit;
    });
    for (const [id, before] of step.before ?? []) this.states.set(id, { ...before, heads: this.stateOf(id).heads });
    this.settleRows();
    const issue = step.edits[0]?.issue_id;
    if (issue && !this.queue.seek(issue)) this.wanted = issue;
    this.arrive();
    if (row && !this.queue.isTodo(row)) this.goOn();
    this.outbox.add(edits);
    if (this.wanted) this.outbox.flush();
  }

  /** Work out anew what is open, dismissed or settled, of all rows that are loaded. */
  settleRows() {
    for (const row of this.queue.rows) row.now = statusOf(row, this.stateOf);
  }

  // ---- going ----

  move(delta) {
    if (!this.queue.move(delta)) this.say(delta > 0 ? "This is the last one." : "This is the first one.");
    this.arrive();
  }

  frame(delta) {
    const n = this.row?.cards.length ?? 0;
    if (!n) return;
    this.focus = (this.focus + delta + n) % n;
    this.showStage();
    this.stage.cards.querySelector(".card.focus")?.scrollIntoView({ block: "nearest" });
  }

  /** Go to the next problem that is still to do; without one, say so. */
  goOn() {
    const isMore = this.queue.advance();
    this.arrive(!isMore);
  }

  jump(id) {
    if (this.queue.seek(id)) this.arrive();
    else {
      this.wanted = id;
      this.line.ask();
    }
  }

  /** A problem is come to: frame its first example that is not excluded. */
  arrive(isOver = false) {
    const cards = this.queue.current?.cards ?? [];
    this.focus = Math.max(0, cards.findIndex((id) => !this.stateOf(id).excluded));
    this.done.hidden = !isOver && this.queue.current !== null;
    this.showAll();
  }

  go(view) {
    const id = this.framed;
    if (id === undefined) return;
    this.leave();
    location.assign(this.address(view, { example: id }));
  }

  /** Leave for Evals, with the form of a gate on this slice. */
  goToGate() {
    this.leave();
    location.assign(this.address("evals", { slice: this.row.subject, gate: "new" }));
  }

  address(view, parameters) {
    const query = new URLSearchParams({ dataset: this.data.dataset, ...parameters });
    return new URL(`./${view}?${query}`, location.href).href;
  }

  // ---- showing ----

  showAll() {
    this.showStage();
    const counts = this.counts();
    this.list.show({ counts, summaries: this.data.summaries, queue: this.queue });
    this.showPlace(counts);
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.settle(), QUIET_MS);
  }

  showStage() {
    const { row } = this;
    this.stage.element.hidden = row === null;
    if (row) {
      this.stage.show(row, this.focus, { stateOf: this.stateOf, payloadOf: (id) => this.payloads.get(id), summary: this.data.summaries[row.check] });
    } else this.done.replaceChildren(...this.doneParts());
  }

  doneParts() {
    if (!this.queue.isEnd) return [h("p", { class: "hint", text: "Loading more problems …" })];
    const link = (text, view) => h("a", { href: this.address(view, {}), text, target: "_self" });
    const isEmpty = !this.queue.rows.length;
    return [
      h("h2", { text: this.data.status === "open" ? "No problem is left here" : isEmpty ? "No problem matches" : "None of these are left" }),
      h("p", { text: `${isEmpty ? "None fits what is chosen above." : "Every problem of this list is resolved or dismissed."} A build looks anew at all that changed.` }),
      h("p", { class: "links" }, link("Compile", "compile"), link("Changes", "changes"), link("Review", "review")),
      this.history.length ? h("p", { class: "hint" }, h("kbd", { text: "U" }), " undoes, ", h("kbd", { text: "↑" }), " looks back") : null,
    ].filter(Boolean);
  }

  /** The server's counts, and what changed since it counted. */
  counts() {
    const moved = new Map();
    for (const row of this.queue.rows) {
      const delta = Number(this.queue.isTodo(row)) - Number(row.wasTodo);
      if (delta) moved.set(key(row), (moved.get(key(row)) ?? 0) + delta);
    }
    if (this.data.status === "all") return this.data.counts;
    return this.data.counts.map((group) => ({ ...group, n: Math.max(0, group.n + (moved.get(key(group)) ?? 0)) }));
  }

  showPlace(counts) {
    const n = counts.reduce((sum, group) => sum + group.n, 0);
    const what = { open: "open", dismissed: "not a problem", settled: "resolved by edits", all: "in all" }[this.data.status];
    setText(this.place, `${n.toLocaleString("en")} ${n === 1 ? "problem" : "problems"} ${what}`);
    this.root.dataset.open = n;
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
    for (const row of rows.slice(Math.max(0, index), index + 6)) for (const id of row.cards) if (this.payloads.get(id)?.url) preload(this.payloads.get(id).url);
    const { row } = this;
    const lacks = row && !row.isSampled && !this.asked.has(row.id);
    if (lacks) this.asked.add(row.id);
    const isShort = !isEnd && this.queue.nAhead() < ASK_BELOW;
    const isAtStart = index < LEAP && (range?.[0] ?? 0) > 0;
    if (lacks || isShort || isAtStart || this.wanted) this.line.ask();
  }

  writeAddress() {
    const row = this.queue.current;
    if (!row || this.isClosed) return;
    const url = new URL(location.href);
    if (url.searchParams.get("issue") === row.id || !url.pathname.endsWith("/problems")) return;
    url.searchParams.set("issue", row.id);
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
    return {
      client: this.client, annotator: this.data.annotator, build_id: this.data.view, edits: this.outbox.take(),
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
    for (const [id, groups] of Object.entries(data.samples)) this.samples.set(id, groups);
    this.takeStates(data.states);
    const isJump = this.wanted !== null && data.is_reset && data.rows.some((row) => row.id === this.wanted || row.issues.some(([issue]) => issue === this.wanted));
    if (isJump && !isFirst && !this.queue.seek(this.wanted)) this.queue.clear();
    this.queue.merge(data.rows, isFirst || isJump || !data.is_reset ? data.range : null, data.is_end);
    for (const row of this.queue.rows) this.complete(row);
    this.settleRows();
    this.place_(data, isFirst);
    this.showAll();
    this.showSaved();
  }

  /** What came is what an earlier surface was given: ask for what is so now. */
  beginAnew() {
    this.stage.element.hidden = true;
    this.done.hidden = false;
    this.done.replaceChildren(...this.doneParts());
    this.wanted ??= new URL(location.href).searchParams.get("issue");
    this.line.ask();
  }

  /** Put the cursor where it belongs after news: on what was asked for, else where it is. */
  place_(data, isFirst) {
    const before = this.queue.current?.id;
    if (this.wanted && this.queue.seek(this.wanted)) this.wanted = null;
    else if (isFirst && !this.queue.seek(data.start)) {
      const first = this.queue.rows.findIndex((row) => this.queue.isTodo(row));
      this.queue.index = first >= 0 ? first : this.queue.rows.length - 1;
    } else if (this.wanted && data.answered === this.wanted) this.wanted = null; // the build has it no more
    if (isFirst && data.start_notice) this.say(data.start_notice);
    const isOver = !this.done.hidden && !isFirst ? !this.queue.advance() : this.queue.current === null;
    if (before !== this.queue.current?.id || isOver !== !this.done.hidden) this.arrive(isOver);
  }

  /** Add what a row needs to be drawn: its cards, and how the server counted it. */
  complete(row) {
    const groups = this.samples.get(row.id);
    const isOfDataset = !row.examples.length;
    [row.classes, row.splits] = [this.data.classes, this.data.splits];
    row.isSampled = !isOfDataset || groups !== undefined;
    row.cards = isOfDataset ? (groups ?? []).flatMap((group) => group.ids) : row.examples;
    row.titles = isOfDataset ? (groups ?? []).flatMap((group) => group.ids.map((_, i) => (i ? null : group.title))) : [];
    row.now = statusOf(row, this.served);
    row.wasTodo = this.queue.isTodo(row);
  }

  /** States as the server has them, without what is on its way. */
  served = (id) => this.fromServer?.get(id) ?? unknown();

  takeStates(states) {
    this.fromServer ??= new Map();
    for (const [id, state] of Object.entries(states)) {
      this.fromServer.set(id, state);
      const pending = this.outbox.of(id);
      if (!pending.length) this.states.set(id, state);
      else if (!this.states.has(id)) this.states.set(id, pending.reduce((s, edit) => (edit.action === "undo" ? s : after(s, edit)), state));
    }
  }

  takeReceipt({ acked, refused, error }) {
    const pending = [...this.outbox.edits.values()];
    const gone = pending.filter((edit) => edit.edit_id in refused);
    this.history = this.history.filter((step) => !step.edits.some((edit) => edit.edit_id in refused));
    this.refusal.follow({ acked, sentences: gone.map((edit) => refused[edit.edit_id]), pending: pending.map((edit) => edit.edit_id) });
    this.outbox.receive({ acked, refused, error });
    for (const { example_id: id } of gone) if (!this.outbox.of(id).length) this.states.set(id, this.served(id)); // it never was
    if (gone.length) { this.settleRows(); this.showAll(); }
  }
}

const key = ({ severity, check }) => `${severity}/${check}`;
