// The labelling surface: holds a window of the queue, judges at once, tells the server later.
//
// The server is told of edits by a route, line.js: each message carries every edit that is not
// acknowledged yet, each with its own id, so that sending twice changes nothing.

import { h, onceAfterPaint } from "./dom.js";
import { doneParts } from "./done.js";
import { Grid, PAGE } from "./grid.js";
import { Head } from "./head.js";
import { helpPanel } from "./help.js";
import { Images, preload } from "./images.js";
import { after, isLessLikely, untouched } from "./judgement.js";
import { belongsElsewhere, classKeys, command, sideKey } from "./keys.js";
import { Line } from "./line.js";
import { listen } from "./listening.js";
import { mount, occupy } from "./mounting.js";
import { Notices } from "./notices.js";
import { Outbox, newEditId } from "./outbox.js";
import { Picker } from "./picker.js";
import { Queue } from "./queue.js";
import { about } from "./sides.js";
import { Stage } from "./stage.js";
import { Steps } from "./steps.js";
import { Strip } from "./strip.js";
import { YieldLine } from "./yield.js";

const DECODE_AHEAD = 12;
const DECODE_BEHIND = 4;
const ASK_BELOW = 240; // unjudged rows ahead; fewer, and the server is asked for more
const MANY = 10; // judged at once without a question
const QUIET_MS = 250; // after the last move: the address follows the cursor
const CONFLICTS = "conflicts"; // the queue of what people disagree about
const UNLABELLED = "unlabelled"; // the queue of what has no label yet; any other is a build's

/** Called by Streamlit at mount and whenever the data changes. */
export default function labeler({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".labeler");
  if (!root || !data) return undefined;
  return mount({ root, data, setStateValue, identity, make: (old, before) => new Labeler(root, data, placeOf(before, data)) });
}

/** The example that another person's surface over the same queue was at: who labels is all that changed. */
function placeOf(before, { workspace, dataset, queue, visit, annotator }) {
  const isSame = before?.visit === visit && before.data.annotator !== annotator && before.data.workspace === workspace && before.data.dataset === dataset && before.data.queue === queue;
  return isSame ? before.queue.current?.id : null;
}

const identity = (data) => `${data.workspace}/${data.dataset}/${data.annotator}/${[CONFLICTS, UNLABELLED].includes(data.queue) ? data.queue : data.build.id}/${data.part?.name ?? ""}`;

class Labeler {
  /** place: the example to begin at, rather than at data's. */
  constructor(root, data, place) {
    [this.root, this.place] = [root, place];
    this.identity = identity(data);
    this.data = data;
    this.client = newEditId();
    this.isConflicts = data.queue === CONFLICTS;
    this.isUnlabelled = data.queue === UNLABELLED;
    this.queue = new Queue();
    this.images = new Images();
    this.steps = new Steps({ byId: () => this.queue.byId, evidenceOf: (row) => this.evidence(row) });
    this.steps.begin(data.history);
    this.classes = data.classes;
    this.keys = classKeys(data.classes);
    this.mark = null; // the last answer of which everything was taken in
    this.line = new Line(this, data.conversation);
    this.isGrid = false;
    this.nTotal = data.n_total;
    this.nSuspects = data.n_suspects;
    this.hasMore = true; // false: every loaded example is judged
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

  // ---- the page ----

  build() {
    const { data } = this;
    const on = {
      label: (label) => this.judge("label", label), take: () => this.judge("take"), keep: () => this.judge("keep"),
      exclude: () => this.judge("exclude"), undo: () => this.undo(), pick: () => this.picker.open(), side: (index) => this.judge("side", index),
    };
    this.stage = new Stage({ classes: this.classes, keys: this.keys, evals: data.evals, evalsSplit: data.evals_split, images: this.images, on, isConflicts: this.isConflicts, isUnlabelled: this.isUnlabelled, hasBuild: Boolean(data.build.id) });
    this.drawContext = onceAfterPaint(() => this.showContext());
    this.strip = new Strip({ onOpen: (id) => { this.queue.seek(id); this.show(); } });
    this.grid = new Grid({ isConflicts: this.isConflicts, isUnlabelled: this.isUnlabelled, hasBuild: Boolean(data.build.id), on: {
      hear: (row) => this.stage.hear(row),
      judge: (name) => (name === "undo" ? this.undo() : this.judge(name)),
      open: (row) => { this.queue.seek(row.id); this.toggleGrid(false); },
      pick: () => this.picker.open(),
      page: () => this.nextPage(),
    } });
    this.picker = new Picker({ classes: this.classes, onPick: (label) => this.judge("label", label), onClose: () => this.root.focus({ preventScroll: true }) });
    this.head = new Head({ onGrid: () => this.toggleGrid(), onHelp: () => this.toggleHelp() });
    this.yield = new YieldLine();
    this.notices = new Notices({ onReload: () => this.reload(), onChange: () => this.showSaved() });
    this.done = h("div", { class: "done", hidden: true });
    this.help = helpPanel({ keys: this.keys, nClasses: this.classes.length, isConflicts: this.isConflicts, isUnlabelled: this.isUnlabelled, onClose: () => this.toggleHelp(false) });
    this.parts = [this.head.element, this.yield.element, ...this.notices.elements, this.stage.element, this.strip.element, this.grid.element, this.done, this.picker.element, this.help];
    this.fill();
  }

  fill() {
    this.root.dataset.queue = this.data.queue;
    occupy(this.root, this.parts);
  }

  /** The page made the element anew: go on in the new one. */
  settleIn(root) {
    this.root = root;
    this.fill();
    this.controller = listen(this);
    this.outbox.open();
  }

  // ---- listening ----

  close() {
    this.outbox.close();
    this.line.close();
    clearTimeout(this.quiet);
    this.controller.abort();
  }

  /** Somebody is about to look elsewhere: what is not sent goes now. */
  leave() {
    this.outbox.hurry();
    this.writeAddress();
  }

  /** Whether it holds what keys are about. */
  get isReady() {
    return Boolean(this.isBegun);
  }

  /** Whether what comes next is on its way: keys that were kept until now wait for it too. */
  get isLoading() {
    return !this.isGrid && !this.hasMore && !this.queue.isEnd;
  }

  keydown(event) {
    if (belongsElsewhere(event)) return;
    const inGrid = this.isGrid && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a";
    const found = inGrid ? { name: "all" } : (this.isConflicts && sideKey(event, this.keys)) || command(event, this.classes, this.keys);
    if (!found) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.held = event.code;
    if (event.repeat && !/^(next|previous|up|down)$/.test(found.name)) return; // a held key judges once
    if (this.isGrid) this.gridCommand(found, event.shiftKey);
    else if (!event.shiftKey || /^(help|pick|side)$/.test(found.name)) this.command(found);
  }

  keyup(event) {
    if (event.code === this.held) event.stopImmediatePropagation();
    this.held = null;
  }

  command({ name, label }) {
    const moves = { next: 1, down: 1, previous: -1, up: -1, first: -Infinity, last: Infinity };
    if (name in moves) this.move(moves[name]);
    else if (/^(label|take|keep|exclude|side)$/.test(name)) this.judge(name, label);
    else if (name === "undo") this.undo();
    else if (name === "grid") this.toggleGrid();
    else if (name === "help") this.toggleHelp();
    else if (name === "pick") this.picker.open();
    else if (name === "escape" && this.help.hidden) this.notices.refusal.hide();
    else if (name === "escape") this.toggleHelp(false);
  }

  gridCommand({ name, label }, isShift) {
    if (this.grid.question) {
      if (name === "take" || name === "escape") this.grid.answer(name === "take");
      return;
    }
    if (["next", "previous", "up", "down"].includes(name)) {
      if (!this.grid.move(name, isShift) && name === "next" && this.grid.focus === this.grid.tiles.length - 1) this.nextPage();
    } else if (name === "all") this.grid.chooseAll();
    else if (name === "keep" && !isShift) this.grid.toggle();
    else if (name === "take" && isShift) this.judge("keep");
    else if (name === "escape") {
      if (!this.help.hidden) this.toggleHelp(false);
      else if (this.notices.refusal.n) this.notices.refusal.hide();
      else if (this.grid.chosen.size) this.grid.choose([]);
      else this.toggleGrid(false);
    } else if (!isShift || name === "help" || name === "side") this.command({ name, label });
  }

  // ---- judging ----

  /** Judge the example at the cursor, or all that are chosen in the grid, as one step. */
  judge(name, label = null, isAsked = false) {
    if (!this.isGrid && !this.hasMore) return; // nothing is shown that could be meant
    const rows = this.isGrid ? this.grid.targets : [this.queue.current].filter(Boolean);
    const nSkipped = name === "take" && !this.isConflicts ? rows.filter(isLessLikely).length : 0;
    if (!isAsked && rows.length > MANY && nSkipped < rows.length) {
      this.grid.ask({ name, label, n: rows.length - nSkipped, nSkipped, onYes: () => this.judge(name, label, true) });
      return;
    }
    const edits = this.steps.judge(rows, name, label);
    if (!edits.length) {
      if (name === "keep" && this.stage.hear(rows.at(-1))) return;
      if (rows.length) this.say(this.whyNothing(name, rows));
      return;
    }
    if (nSkipped) this.say(`${nSkipped} left as they are: their labels are more likely right than the suggestions.`);
    if (this.isGrid) {
      this.grid.choose([]);
      if (this.grid.isDone) this.nextPage();
      this.showHead();
    } else this.goOn(rows[0]);
    this.outbox.add(edits);
    if (this.isCounted) this.showHead();
  }

  /** Say why a command makes no edit. */
  whyNothing(name, rows) {
    if (name === "side") return "There is no such side.";
    if (this.isConflicts) return "Choose a side, or a class.";
    if (this.isUnlabelled) return `Choose a class${this.keys.length ? "" : ": / finds it"}.`;
    if (name !== "take") return "This example has no label to keep: choose one.";
    const { given, suggested } = rows[0];
    return rows.length > 1 ? "Each of these labels is more likely right than its suggestion: ⇧ Enter keeps them." : `${given} is more likely right than ${suggested}: Space keeps it. To take ${suggested} all the same, choose it among the classes.`;
  }

  /** To the next that is left; an example that is still in conflict is not left behind. */
  goOn(judged) {
    const isLeft = this.isConflicts && !judged.state.judged;
    if (this.isConflicts) this.notices.remark.hidden = true; // it was of the one before
    if (!isLeft) this.hasMore = this.queue.advance();
    this.show();
    if (isLeft) this.say(`Saved. People still disagree about ${about(judged.state.conflicts[0])}; → leaves that for later.`);
    else this.sayWhereSuspectsEnd(judged);
  }

  /** Say it once: the odds waver around one half. */
  sayWhereSuspectsEnd(judged) {
    const row = this.queue.current;
    if (this.isEndSaid || !(judged.p > 0.5 && row.p <= 0.5)) return;
    this.isEndSaid = true;
    this.say("The last suspect is judged. What follows is more likely right than wrong.");
  }

  /** What the person is shown, kept with the edit. */
  evidence(row) {
    const evidence = { build_id: this.data.build.id, rank: row.rank, p_mislabeled: row.p, suggested_label: row.suggested };
    if (this.isUnlabelled) return { build_id: this.data.build.id, suggested_label: row.suggested };
    return this.isConflicts ? { build_id: this.data.build.id } : evidence;
  }

  /** Take the last step back, whatever it was, and go where it was made. */
  undo() {
    const undone = this.steps.undo();
    if (!undone) {
      this.say("Nothing to undo.");
      return;
    }
    if (this.isGrid) this.grid.refresh();
    else if (!this.queue.seek(undone.back)) [this.wanted, this.nAsked] = [undone.back, 0];
    this.hasMore = true;
    this.show();
    this.outbox.add(undone.edits);
    if (this.wanted) this.outbox.flush();
    if (this.isCounted) this.showHead();
  }

  // ---- showing ----

  move(delta) {
    if (this.isConflicts) this.notices.remark.hidden = true;
    const isMoved = this.queue.move(delta);
    if (!isMoved) this.say(delta > 0 ? "This is the last one." : "This is the first one.");
    this.hasMore = true;
    this.show();
  }

  show() {
    const row = this.queue.current;
    const isDone = !row || !this.hasMore;
    this.stage.element.hidden = this.strip.element.hidden = this.isGrid || isDone;
    this.done.hidden = !isDone || this.isGrid;
    if (isDone) this.done.replaceChildren(...doneParts({ isLoading: !this.queue.isEnd, nTotal: this.nTotal, links: this.data.links, isConflicts: this.isConflicts, dataset: this.data.dataset, next: this.data.next, part: this.data.part }));
    else if (!this.isGrid) this.stage.show(row);
    this.showHead();
    this.drawContext();
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.settle(), QUIET_MS);
  }

  /** A frame after the picture: its neighbours and curves, the strip, and what is decoded next. */
  showContext() {
    const row = this.queue.current;
    if (row && !this.isGrid && this.hasMore) {
      this.stage.showContext(row);
      this.strip.show(this.queue);
    }
    this.prepare();
  }

  showHead() {
    const row = this.hasMore || this.isGrid ? this.queue.current : null;
    if (this.isConflicts) this.head.showConflicts(row, this.nLeft);
    else if (this.isUnlabelled) this.head.showUnlabelled(row, this.nLeft);
    else if (this.data.part) this.head.showPart(row, this.nLeft, this.data.part);
    else this.head.show(row, { nSuspects: this.nSuspects, nTotal: this.nTotal });
  }

  /** Whether the head says how many are left. */
  get isCounted() {
    return this.isConflicts || this.isUnlabelled || Boolean(this.data.part);
  }

  /** How many are left of such a queue: as the server counted, and what is on its way to it. */
  get nLeft() {
    const waiting = new Map(); // example id → whether it was open before its first edit here
    for (const edit of this.outbox.edits.values()) {
      if (!waiting.has(edit.example_id)) waiting.set(edit.example_id, edit.action !== "undo");
    }
    let n = this.data.part?.n_left ?? this.data.n_total;
    for (const [id, wasOpen] of waiting) {
      const row = this.queue.byId.get(id);
      if (row) n += Number(!row.state.judged) - Number(wasOpen);
    }
    return Math.max(0, n);
  }

  /** Load and decode what the next keys will show. */
  prepare() {
    const { rows, index } = this.queue;
    for (let i = Math.max(0, index - DECODE_BEHIND); i < Math.min(rows.length, index + DECODE_AHEAD); i += 1) if (rows[i].url) this.images.load(rows[i].url);
  }

  /** The keys paused: bring the address and the server up to date. */
  settle() {
    this.writeAddress();
    this.prefetch();
    if (this.wanted && (this.nAsked += 1) > 3) {
      this.say("Undone; its example is not in this queue.");
      this.wanted = null;
    }
    const isShort = !this.queue.isEnd && this.queue.ahead(ASK_BELOW).length < ASK_BELOW;
    const isUntold = this.queue.current && this.told && !this.told.has(this.queue.current.id); // others may have judged it
    if (isShort || this.queue.isNearBegin || isUntold || this.wanted) this.line.ask();
  }

  /** Fetch pictures into the browser's cache, those of the neighbours too. */
  prefetch() {
    const { rows, index } = this.queue;
    for (const row of rows.slice(Math.max(0, index), index + 30)) {
      if (row.url) this.images.load(row.url);
      for (const [url] of row.neighbors) if (url) preload(url);
    }
  }

  writeAddress() {
    const row = this.queue.current;
    if (!row) return;
    const url = new URL(location.href);
    if (url.searchParams.get("example") === row.id || !url.pathname.endsWith("/review")) return;
    url.searchParams.set("example", row.id);
    history.replaceState(history.state, "", url);
  }

  showSaved() {
    this.head.showSaved(this.outbox, this.notices.refusal.words);
    this.root.dataset.unsaved = this.outbox.size;
  }

  say(text) {
    this.notices.say(text);
  }

  toggleHelp(isOpen = this.help.hidden) {
    this.help.hidden = !isOpen;
  }

  toggleGrid(isGrid = !this.isGrid) {
    this.isGrid = isGrid;
    this.grid.answer(false);
    this.head.gridButton.setAttribute("aria-pressed", isGrid);
    this.grid.element.hidden = !isGrid;
    if (isGrid) this.grid.show(this.queue.ahead(PAGE));
    else if (this.grid.tiles[this.grid.focus]) this.queue.seek(this.grid.tiles[this.grid.focus].row.id);
    this.show();
  }

  nextPage() {
    const last = this.grid.tiles.at(-1)?.row;
    if (last) this.queue.seek(last.id);
    this.hasMore = this.queue.advance();
    const rows = this.queue.ahead(PAGE);
    this.settle();
    if (rows.length) this.grid.show(rows);
    else this.toggleGrid(false);
    this.showHead();
  }

  // ---- talking with the server ----

  /** What the server is told. isLeaving: nobody will read more than what became of the edits. */
  message({ isLeaving }) {
    const about = { client: this.client, annotator: this.data.annotator, build_id: this.data.build.id ?? this.data.queue, edits: this.outbox.take() };
    if (isLeaving) return { ...about, is_leaving: true };
    const { held } = this.queue;
    this.told = new Set(held?.near);
    return { ...about, held, wanted: this.wanted ?? null, mark: this.mark };
  }

  /** The page was drawn again, with what it had at first: what is new the server tells. */
  renew(data) {
    this.data.links = data.links;
    this.line.renew(data.conversation);
  }

  receive(data) {
    const isFirst = !this.isBegun;
    if (isFirst && data.is_repeat) { // what an earlier surface was given: ask for what is so now
      this.line.ask();
      return;
    }
    this.isBegun = true;
    if (isFirst) this.steps.begin(data.history);
    this.data = { ...data, history: [] };
    const fresh = this.queue.merge(data);
    for (const row of fresh) this.replayPending(row);
    this.takeStates(data.states, data.mark);
    this.stage.evals = data.evals;
    this.yield.element.hidden = !data.yield;
    if (data.yield) this.yield.show(data.yield);
    this.notices.news.hidden = !data.newer_build;
    this.notices.warn(data.problems, data.n_conflicts ? data.conflicts_url : null);
    if (isFirst && !this.queue.seek(this.place) && !this.queue.seek(data.start)) this.queue.index = this.queue.rows.length ? 0 : -1;
    if (isFirst && data.start_notice) this.say(data.start_notice);
    if (this.wanted && this.queue.seek(this.wanted)) this.wanted = null;
    if (isFirst) this.hasMore = !data.is_all_judged;
    else if (!this.hasMore && fresh.length) this.hasMore = this.queue.advance();
    if (this.isGrid) { this.grid.refresh(); this.showHead(); } else this.show();
    this.showSaved();
  }

  takeReceipt({ acked, refused, error }) {
    const pending = [...this.outbox.edits.keys()];
    const gone = pending.filter((id) => id in refused);
    gone.forEach((id) => this.steps.refuse(id));
    if (gone.length) this.mark = null; // what was kept of these examples is to be told again
    this.notices.refusal.follow({ acked, sentences: gone.map((id) => refused[id]), pending });
    this.outbox.receive({ acked, refused, error });
  }

  /** What others did meanwhile; an example with edits of ours on the way keeps ours. */
  takeStates(states, mark) {
    this.mark = mark ?? null;
    for (const [id, state] of Object.entries(states)) {
      const row = this.queue.byId.get(id);
      if (!row) continue;
      if (this.outbox.of(id).length) this.mark = null;
      else row.state = state;
    }
  }

  replayPending(row) {
    for (const edit of this.outbox.of(row.id)) {
      row.state = edit.action === "undo" ? untouched(row) : after(row.state, edit);
    }
  }

  reload() {
    this.leave();
    const url = new URL(location.href);
    url.searchParams.delete("example");
    location.assign(url);
  }
}
