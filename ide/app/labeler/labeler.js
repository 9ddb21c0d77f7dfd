// The labelling surface: holds a window of the queue, judges at once, tells the server later.
//
// The server is told of edits by state, never by trigger: each message carries every edit that
// is not acknowledged yet, each with its own id, so that sending twice changes nothing.

import { button, h, onceAfterPaint, setText } from "./dom.js";
import { doneParts } from "./done.js";
import { Grid, PAGE } from "./grid.js";
import { Head } from "./head.js";
import { helpPanel } from "./help.js";
import { Images, preload } from "./images.js";
import { after, register, untouched, verdict } from "./judgement.js";
import { belongsElsewhere, classKeys, command } from "./keys.js";
import { listen } from "./listening.js";
import { Outbox, newEditId } from "./outbox.js";
import { Picker } from "./picker.js";
import { Queue } from "./queue.js";
import { reconnect } from "./reconnect.js";
import { Stage } from "./stage.js";
import { Strip } from "./strip.js";
import { YieldLine } from "./yield.js";

const DECODE_AHEAD = 12;
const DECODE_BEHIND = 4;
const ASK_BELOW = 240; // unjudged rows ahead; fewer, and the server is asked for more
const QUIET_MS = 250; // after the last move: the address follows the cursor
const REMARK_MS = 4000;

const mounts = new WeakMap();

/** Called by Streamlit at mount and whenever the data changes. */
export default function labeler({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".labeler");
  if (!root || !data) return undefined;
  let mount = mounts.get(root);
  if (!mount || mount.identity !== identity(data)) {
    mount?.close();
    mount = new Labeler(root, data, setStateValue);
    mounts.set(root, mount);
  }
  mount.setStateValue = setStateValue;
  mount.receive(data);
  return () => {
    mounts.get(root)?.close();
    mounts.delete(root);
  };
}

const identity = (data) => `${data.workspace}/${data.dataset}/${data.annotator}/${data.build.id}`;

/** A line over the example that stays until it is clicked. */
function notice() {
  const element = h("p", { class: "notice", hidden: true, role: "alert", title: "click to hide", onclick: () => { element.hidden = true; } });
  return element;
}

/** Write on a line; without text it goes. */
function post(element, text) {
  setText(element, text);
  element.hidden = !text;
}

class Labeler {
  constructor(root, data, setStateValue) {
    this.root = root;
    this.identity = identity(data);
    this.setStateValue = setStateValue;
    this.data = data;
    this.client = newEditId();
    this.queue = new Queue();
    this.images = new Images();
    this.history = data.history.map((step) => ({ ...step, before: null }));
    this.classes = data.classes;
    this.keys = classKeys(data.classes);
    this.nMessages = 0;
    this.isGrid = false;
    this.nTotal = data.n_total;
    this.nSuspects = data.n_suspects;
    this.hasMore = true; // false: every loaded example is judged
    this.outbox = new Outbox({
      prefix: `upwell/edits/${data.workspace}/${data.dataset}/${data.annotator}/`,
      client: this.client,
      send: (edits) => this.sync({ edits }),
      onChange: () => this.showSaved(),
      onSilence: (n) => reconnect(this.outbox, n, () => this.writeAddress()),
    });
    this.build();
    this.controller = listen(this);
  }

  // ---- the page ----

  build() {
    const { data } = this;
    const on = {
      label: (label) => this.judge("label", label), take: () => this.judge("take"), keep: () => this.judge("keep"),
      exclude: () => this.judge("exclude"), undo: () => this.undo(), pick: () => this.picker.open(),
    };
    this.stage = new Stage({ classes: this.classes, keys: this.keys, evals: data.evals, evalsSplit: data.evals_split, images: this.images, on });
    this.drawContext = onceAfterPaint(() => this.showContext());
    this.strip = new Strip({ onOpen: (id) => { this.queue.seek(id); this.show(); } });
    this.grid = new Grid({ on: {
      judge: (name) => (name === "undo" ? this.undo() : this.judge(name)),
      open: (row) => { this.queue.seek(row.id); this.toggleGrid(false); },
      pick: () => this.picker.open(),
      page: () => this.nextPage(),
    } });
    this.picker = new Picker({ classes: this.classes, onPick: (label) => this.judge("label", label), onClose: () => this.root.focus({ preventScroll: true }) });
    this.head = new Head({ onGrid: () => this.toggleGrid(), onHelp: () => this.toggleHelp() });
    this.yield = new YieldLine();
    // a place each: neither a passing remark nor news of a conflict may wipe out a refusal
    [this.notice, this.refused, this.trouble] = [notice(), notice(), notice()];
    this.news = h("p", { class: "notice news", hidden: true }, "A newer build is ready. ",
      button({ onclick: () => this.reload() }, "Load its suspects"));
    this.done = h("div", { class: "done", hidden: true });
    this.help = helpPanel({ keys: this.keys, nClasses: this.classes.length, onClose: () => this.toggleHelp(false) });
    this.root.replaceChildren(this.head.element, this.yield.element, this.refused, this.trouble, this.notice, this.news, this.stage.element, this.strip.element, this.grid.element, this.done, this.picker.element, this.help);
    this.root.tabIndex = -1;
    this.root.dataset.ready = "true";
    this.takeFocus();
  }

  /** Keys should work at once; a field that is being typed in keeps the focus. */
  takeFocus() {
    const active = document.activeElement;
    if (!active || !/^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName)) this.root.focus({ preventScroll: true });
  }

  // ---- listening ----

  close() {
    this.outbox.close();
    clearTimeout(this.quiet);
    this.controller.abort();
  }

  /** Somebody is about to look elsewhere: what is not sent goes now. */
  leave() {
    this.outbox.hurry();
    this.writeAddress();
  }

  keydown(event) {
    if (belongsElsewhere(event)) return;
    const inGrid = this.isGrid && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a";
    const found = inGrid ? { name: "all" } : command(event, this.classes, this.keys);
    if (!found) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.held = event.code;
    if (event.repeat && !/^(next|previous|up|down)$/.test(found.name)) return; // a held key judges once
    if (this.isGrid) this.gridCommand(found, event.shiftKey);
    else if (!event.shiftKey || found.name === "help" || found.name === "pick") this.command(found);
  }

  keyup(event) {
    if (event.code === this.held) event.stopImmediatePropagation();
    this.held = null;
  }

  command({ name, label }) {
    const moves = { next: 1, down: 1, previous: -1, up: -1, first: -Infinity, last: Infinity };
    if (name in moves) this.move(moves[name]);
    else if (name === "label" || name === "take" || name === "keep" || name === "exclude") this.judge(name, label);
    else if (name === "undo") this.undo();
    else if (name === "grid") this.toggleGrid();
    else if (name === "help") this.toggleHelp();
    else if (name === "pick") this.picker.open();
    else if (name === "escape") this.toggleHelp(false);
  }

  gridCommand({ name, label }, isShift) {
    if (["next", "previous", "up", "down"].includes(name)) {
      if (!this.grid.move(name, isShift) && name === "next" && this.grid.focus === this.grid.tiles.length - 1) this.nextPage();
    } else if (name === "all") this.grid.chooseAll();
    else if (name === "keep" && !isShift) this.grid.toggle();
    else if (name === "take" && isShift) this.judge("keep");
    else if (name === "escape") {
      if (!this.help.hidden) this.toggleHelp(false);
      else if (this.grid.chosen.size) this.grid.choose([]);
      else this.toggleGrid(false);
    } else if (!isShift || name === "help") this.command({ name, label });
  }

  // ---- judging ----

  /** Judge the example at the cursor, or all that are chosen in the grid, as one step. */
  judge(name, label = null) {
    if (!this.isGrid && !this.hasMore) return; // nothing is shown that could be meant
    const rows = this.isGrid ? this.grid.targets : [this.queue.current].filter(Boolean);
    const made = new Date().toISOString();
    const step = { edits: [], before: new Map(), at: this.queue.current?.id ?? null };
    const edits = [];
    for (const row of rows) {
      const found = verdict(name, label, row);
      if (!found.length) continue;
      step.before.set(row.id, row.state);
      for (const { action, value } of found) {
        const edit = this.edit(row, action, value, made);
        edits.push(edit);
        step.edits.push({ edit_id: edit.edit_id, example_id: row.id, register: register(action) });
        row.state = after(row.state, edit);
      }
    }
    if (!edits.length) {
      if (rows.length) this.say("This example has no label to keep: choose one.");
      return;
    }
    this.history.push(step);
    if (this.isGrid) {
      this.grid.choose([]);
      if (this.grid.isDone) this.nextPage();
      this.showHead();
    } else {
      this.hasMore = this.queue.advance();
      this.show();
      this.sayWhereSuspectsEnd(rows[0]);
    }
    this.outbox.add(edits);
  }

  /** Say it once: the odds waver around one half. */
  sayWhereSuspectsEnd(judged) {
    const row = this.queue.current;
    if (this.isEndSaid || !(judged.p > 0.5 && row.p <= 0.5)) return;
    this.isEndSaid = true;
    this.say("The last suspect is judged. What follows is more likely right than wrong.");
  }

  edit(row, action, value, made) {
    return {
      edit_id: newEditId(), example_id: row.id, action, value, made_at: made,
      previous: row.state.heads[register(action)] ?? [],
      evidence: { build_id: this.data.build.id, rank: row.rank, p_mislabeled: row.p, suggested_label: row.suggested },
    };
  }

  /** Take the last step back, whatever it was, and go where it was made. */
  undo() {
    const step = this.history.pop();
    if (!step) {
      this.say("Nothing to undo.");
      return;
    }
    const made = new Date().toISOString();
    const edits = [...step.edits].reverse().map(({ edit_id, example_id, register: name, heads }) => {
      const row = this.queue.byId.get(example_id);
      const known = row?.state.heads[name] ?? heads ?? [];
      const previous = !known.length || known.includes(edit_id) ? [edit_id] : known;
      const undo = { edit_id: newEditId(), example_id, action: "undo", value: edit_id, made_at: made, previous, evidence: null };
      if (row) row.state = { ...row.state, heads: { ...row.state.heads, [name]: [undo.edit_id] } };
      return undo;
    });
    for (const { example_id } of step.edits) this.restore(example_id, step);
    const back = step.edits[0].example_id;
    if (this.isGrid) this.grid.refresh();
    else if (!this.queue.seek(back)) [this.wanted, this.nAsked] = [back, 0];
    this.hasMore = true;
    this.show();
    this.outbox.add(edits);
    if (this.wanted) this.outbox.flush();
  }

  /** Put back what an example was before a step; its heads stay those of the undo. */
  restore(exampleId, step) {
    const row = this.queue.byId.get(exampleId);
    if (!row) return;
    const before = step.before?.get(exampleId);
    row.state = { ...(before ?? untouched(row)), heads: row.state.heads };
  }

  // ---- showing ----

  move(delta) {
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
    if (isDone) this.done.replaceChildren(...doneParts({ isLoading: !this.queue.isEnd, nTotal: this.nTotal, links: this.data.links }));
    else if (!this.isGrid) {
      this.stage.show(row);
    }
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
    this.head.show(row, { nSuspects: this.nSuspects, nTotal: this.nTotal });
  }

  /** Load and decode what the next keys will show. */
  prepare() {
    const { rows, index } = this.queue;
    for (let i = Math.max(0, index - DECODE_BEHIND); i < Math.min(rows.length, index + DECODE_AHEAD); i += 1) this.images.load(rows[i].url);
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
    if (isShort || this.queue.isNearBegin || isUntold || this.wanted) this.sync({ edits: [...this.outbox.edits.values()] });
  }

  /** Fetch pictures into the browser's cache, those of the neighbours too. */
  prefetch() {
    const { rows, index } = this.queue;
    for (const row of rows.slice(Math.max(0, index), index + 30)) {
      this.images.load(row.url);
      for (const [url] of row.neighbors) preload(url);
    }
  }

  writeAddress() {
    const row = this.queue.current;
    if (!row) return;
    const url = new URL(location.href);
    if (url.searchParams.get("example") === row.id) return;
    url.searchParams.set("example", row.id);
    history.replaceState(history.state, "", url);
  }

  showSaved() {
    this.head.showSaved(this.outbox, this.refusal);
    this.root.dataset.unsaved = this.outbox.size;
  }

  /** Remark on something in passing; what has to be read stands in `refused` or `trouble`. */
  say(text) {
    post(this.notice, text);
    clearTimeout(this.noticeTimer);
    this.noticeTimer = setTimeout(() => { this.notice.hidden = true; }, REMARK_MS);
  }

  toggleHelp(isOpen = this.help.hidden) {
    this.help.hidden = !isOpen;
  }

  toggleGrid(isGrid = !this.isGrid) {
    this.isGrid = isGrid;
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

  sync({ edits }) {
    this.nMessages += 1;
    const { held } = this.queue;
    this.told = new Set(held?.near);
    this.setStateValue("sync", {
      client: this.client, message: this.nMessages, annotator: this.data.annotator, build_id: this.data.build.id,
      edits, held, wanted: this.wanted ?? null,
    });
  }

  receive(data) {
    const isFirst = !this.isBegun;
    if (isFirst && data.to && data.to !== this.client) { // an answer to an earlier mount, which held what this one lacks
      this.sync({ edits: [...this.outbox.edits.values()] });
      return;
    }
    this.isBegun = true;
    if (isFirst) this.history = data.history.map((step) => ({ ...step, before: null }));
    this.data = { ...data, history: [] };
    const fresh = this.queue.merge(data);
    for (const row of fresh) this.replayPending(row);
    if (data.receipt && data.receipt.client === this.client) this.takeReceipt(data.receipt);
    this.takeStates(data.states);
    this.stage.evals = data.evals;
    this.yield.show(data.yield);
    this.news.hidden = !data.newer_build;
    const problems = data.problems.join("  ");
    if (problems !== (this.problems ?? "")) post(this.trouble, problems);
    this.problems = problems;
    if (isFirst && !this.queue.seek(data.start)) this.queue.index = this.queue.rows.length ? 0 : -1;
    if (isFirst && data.start_notice) this.say(data.start_notice);
    if (this.wanted && this.queue.seek(this.wanted)) this.wanted = null;
    if (isFirst) this.hasMore = !data.is_all_judged;
    else if (!this.hasMore && fresh.length) this.hasMore = this.queue.advance();
    if (this.isGrid) { this.grid.refresh(); this.showHead(); } else this.show();
    this.showSaved();
  }

  takeReceipt({ acked, refused, error }) {
    const sentences = Object.values(refused);
    if (sentences.length) {
      this.refusal = `${sentences.length} refused`;
      Object.keys(refused).forEach((id) => this.takeBack(id));
      post(this.refused, `Not saved: ${sentences[0]}${sentences.length > 1 ? ` (and ${sentences.length - 1} more)` : ""}`);
    }
    this.outbox.receive({ acked, refused, error });
  }

  /** A refused edit never was: its example looks as before, and the step cannot be undone. */
  takeBack(editId) {
    const index = this.history.findIndex((step) => step.edits.some((edit) => edit.edit_id === editId));
    if (index < 0) return;
    const [step] = this.history.splice(index, 1);
    for (const [id, state] of step.before ?? []) {
      const row = this.queue.byId.get(id);
      if (row) row.state = state;
    }
  }

  /** What others did meanwhile; an example with edits of ours on the way keeps ours. */
  takeStates(states) {
    for (const [id, state] of Object.entries(states)) {
      const row = this.queue.byId.get(id);
      if (row && !this.outbox.of(id).length) row.state = state;
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
