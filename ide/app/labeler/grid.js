// Many examples at once: choose some, judge them together.

import { button, h, N_END_SMALL, named, percent, setText } from "./dom.js";
import { showLoaded } from "./images.js";
import { sideName } from "./judgement.js";
import { markText } from "./stage.js";

export const PAGE = 48;
const SIDE_KEYS = ["⇧⏎", "⏎"]; // what takes the left side of a conflict, and the right one

export class Grid {
  /** on: {open(row), judge(name), pick(), page(), hear(row)}; keys act on the chosen tiles, or on the focused one. */
  constructor({ on, isConflicts = false, isUnlabelled = false, hasBuild = true }) {
    this.on = on;
    this.isUnlabelled = isUnlabelled;
    this.tiles = [];
    this.chosen = new Set();
    this.focus = 0;
    this.anchor = 0;
    this.count = h("span", { class: "count" });
    this.clear = button({ class: "quiet", onclick: () => this.choose([]) }, "Clear");
    this.asking = h("div", { class: "asking", role: "alertdialog", "aria-live": "assertive", hidden: true });
    this.area = h("div", { class: "tiles", role: "listbox", "aria-multiselectable": "true", "aria-label": isUnlabelled ? "examples" : "suspects" });
    this.element = h("div", { class: "grid", hidden: true },
      h("div", { class: "grid-actions" }, this.count,
        isUnlabelled && !hasBuild ? null : button({ class: "primary", onclick: () => on.judge("take") }, h("kbd", { text: "Enter" }), isConflicts ? "Take the right side" : "Take suggestions"),
        isUnlabelled ? null : button({ onclick: () => on.judge("keep") }, h("kbd", { text: "⇧ Enter" }), isConflicts ? "Take the left side" : "Keep given"),
        button({ onclick: () => on.pick() }, h("kbd", { text: "/" }), "Label as …"),
        button({ onclick: () => on.judge("exclude") }, h("kbd", { text: "X" }), "Exclude"),
        button({ onclick: () => on.judge("undo") }, h("kbd", { text: "U" }), "Undo"),
        this.clear,
        button({ class: "quiet next", onclick: () => on.page() }, "Next page")),
      this.asking, this.area);
  }

  /** Ask before many are judged at once. nSkipped: of which the label is likelier than the suggestion. */
  ask({ name, label, n, nSkipped, onYes }) {
    const what = { take: "Take the suggestion of", keep: "Keep the label of", exclude: "Exclude or restore" }[name] ?? `Label as ${label}:`;
    const rest = nSkipped ? ` ${nSkipped} more keep theirs, which are more likely right.` : "";
    this.question = onYes;
    this.asking.replaceChildren(h("span", { text: `${what} ${n} examples?${rest}` }),
      button({ class: "primary", onclick: () => this.answer(true) }, h("kbd", { text: "Enter" }), "Yes"),
      button({ onclick: () => this.answer(false) }, h("kbd", { text: "Esc" }), "No"));
    this.asking.hidden = false;
  }

  answer(isYes) {
    const onYes = this.question;
    this.question = null;
    this.asking.hidden = true;
    if (isYes) onYes?.();
  }

  get targets() {
    const rows = this.chosen.size
      ? this.tiles.filter((tile) => this.chosen.has(tile.row.id))
      : this.tiles.slice(this.focus, this.focus + 1);
    return rows.map((tile) => tile.row);
  }

  get isDone() {
    return this.tiles.every((tile) => tile.row.state.judged);
  }

  /** Lay out a page of rows. */
  show(rows) {
    this.answer(false);
    this.chosen.clear();
    this.focus = 0;
    this.anchor = 0;
    this.tiles = rows.map((row, i) => this.tile(row, i));
    this.area.replaceChildren(...this.tiles.map((tile) => tile.element));
    this.refresh();
  }

  tile(row, index) {
    const image = row.url ? h("img", { alt: "", decoding: "async", draggable: "false", src: row.url }) : h("span", { class: row.sound ? "words note" : "words", text: row.sound ? "♪" : row.text });
    image.addEventListener("load", () => showLoaded(image));
    const mark = h("span", { class: "mark" });
    const dispute = row.state.conflicts?.[0];
    const claim = dispute ? sidesOf(dispute) : this.isUnlabelled ? suggestionOf(row) : claimOf(row);
    const what = dispute ? saidOf(dispute) : `${row.ambiguous ? "ambiguous: " : ""}${row.reason ?? ""}`;
    const title = [row.file, what].filter(Boolean).join("\n");
    const element = button({ class: "tile", role: "option", tabindex: -1, title, onclick: (event) => this.click(index, event), ondblclick: () => this.on.open(row) },
      h("span", { class: "picture" }, image, mark), claim);
    return { row, element, mark, claim, dispute };
  }

  /** A dispute that is settled may leave another of the same example. */
  renewSides(tile) {
    const dispute = tile.row.state.conflicts?.[0];
    if (!dispute || dispute === tile.dispute) return;
    const claim = sidesOf(dispute);
    tile.claim.replaceWith(claim);
    [tile.claim, tile.dispute, tile.element.title] = [claim, dispute, [tile.row.file, saidOf(dispute)].filter(Boolean).join("\n")];
  }

  click(index, event) {
    this.answer(false); // it was about other tiles
    if (event.shiftKey) {
      const [from, to] = [this.anchor, index].sort((a, b) => a - b);
      for (const tile of this.tiles.slice(from, to + 1)) this.chosen.add(tile.row.id);
    } else {
      this.toggle(index);
      this.anchor = index;
    }
    this.on.hear(this.tiles[index].row);
    this.focus = index;
    this.refresh();
  }

  toggle(index = this.focus) {
    const id = this.tiles[index]?.row.id;
    if (id === undefined) return;
    if (!this.chosen.delete(id)) this.chosen.add(id);
    this.anchor = index;
    this.refresh();
  }

  choose(rows) {
    this.chosen = new Set(rows.map((row) => row.id));
    this.refresh();
  }

  chooseAll() {
    this.choose(this.tiles.map((tile) => tile.row).filter((row) => !row.state.judged));
  }

  /** Move the focus; false where it would leave the page. */
  move(name, isExtending) {
    const columns = this.columns();
    const step = { next: 1, previous: -1, down: columns, up: -columns }[name];
    const index = this.focus + step;
    if (index < 0 || index >= this.tiles.length) return false;
    if (isExtending) for (const i of [this.focus, index]) this.chosen.add(this.tiles[i].row.id);
    this.focus = index;
    this.refresh();
    this.tiles[index].element.scrollIntoView({ block: "nearest" });
    this.on.hear(this.tiles[index].row);
    return true;
  }

  columns() {
    const top = this.tiles[0]?.element.offsetTop;
    const first = this.tiles.findIndex((tile) => tile.element.offsetTop > top);
    return first < 0 ? this.tiles.length : first;
  }

  refresh() {
    this.tiles.forEach((tile, i) => {
      const isChosen = this.chosen.has(tile.row.id);
      this.renewSides(tile);
      tile.element.classList.toggle("chosen", isChosen);
      tile.element.classList.toggle("focus", i === this.focus);
      tile.element.classList.toggle("judged", tile.row.state.judged);
      tile.element.setAttribute("aria-selected", isChosen);
      setText(tile.mark, markText(tile.row));
    });
    const n = this.chosen.size;
    setText(this.count, n ? `${n} chosen` : "none chosen: keys act on the framed one");
    this.clear.hidden = n === 0;
  }
}

/** The class that a build suggests for what has no label, where it does. */
function suggestionOf(row) {
  return h("span", { class: "claim" }, row.suggested === null ? null : suggestedName(row));
}

function suggestedName(row) {
  const name = named("b", row.suggested ?? "–", N_END_SMALL);
  name.classList.add("suggested");
  return name;
}

/** The label given and the one suggested. */
function claimOf(row) {
  return h("span", { class: "claim" },
    named("b", row.given ?? "–", N_END_SMALL), " ", h("span", { class: "arrow", text: "→" }), " ", suggestedName(row),
    h("span", { class: row.ambiguous ? "number ambiguous" : "number", title: "how likely the given label is wrong", text: percent(row.p) }));
}

/** What each side of a dispute says, a line each with the keys that take it. */
function sidesOf({ sides }) {
  return h("span", { class: "claim rivals" }, ...sides.map((side, i) =>
    h("span", { class: "rival" }, h("kbd", { text: SIDE_KEYS[i] ?? `⇧${i + 1}` }), named("b", sideName(side), N_END_SMALL))));
}

/** The same in words, with who says so. */
const saidOf = ({ sides }) => sides.map((side) => `${sideName(side)}: ${[...new Set(side.by.map((entry) => entry.annotator))].join(", ")}`).join("\n");
