// One large example: the picture, the verdicts, and why the network doubts it.

import { Curve, Interval } from "./charts.js";
import { button, h, N_END_SMALL, percent, setName, setText } from "./dom.js";
import { pointThumbnail, showLoaded } from "./images.js";
import { isLessLikely } from "./judgement.js";
import { Naming } from "./naming.js";
import { Sides } from "./sides.js";

const MAX_NEIGHBORS = 10;
const MAX_BARS = 30; // class rows; with more classes, only the likeliest are listed
const LIKELIEST = 8;
const MAX_LARGE = 14; // letters of a name that fit in large type
const MAX_LINES = 80; // letters of a name that fit in four lines of small type
const MAX_IN_ROW = 8; // letters of names with which all buttons fit in a row

export class Stage {
  /** on: {label(name), take(), keep(), exclude(), undo(), pick(), side(index)}
   *  isConflicts: what people disagree about is chosen from, not what the network doubts;
   *  isUnlabelled: there is no label yet. */
  constructor({ classes, keys, evals, evalsSplit, images, on, isConflicts = false, isUnlabelled = false, hasBuild = true }) {
    this.classes = classes;
    this.evals = evals;
    this.images = images;
    this.frame = h("div", { class: "picture" });
    this.mark = h("span", { class: "mark", hidden: true });
    this.verdict = isConflicts ? new Sides({ on }) : isUnlabelled ? new Naming({ on }) : new Verdict({ on, hasLongNames: classes.some((name) => name.length > MAX_IN_ROW) });
    this.bars = new ClassBars({ classes, keys, onLabel: on.label, onPick: on.pick, hasBuild });
    this.reason = h("p", { class: "reason" });
    this.neighbors = new Neighbors();
    this.margin = new Curve({ name: "margin, by epoch", low: -1, high: 1, zero: 0, tone: "margin",
      title: "p(given) − p(best other) in each epoch: below the line the network disagrees" });
    this.loss = new Curve({ name: "loss, by epoch", low: 0, high: 6, tone: "loss",
      title: "cross-entropy of the given label in each epoch" });
    this.evalTable = new EvalTable(evalsSplit);
    this.conflict = h("p", { class: "conflict", hidden: true });
    this.curves = h("div", { class: "curves" }, this.margin.element, this.loss.element);
    this.element = h("div", { class: hasBuild ? "stage" : "stage bare" },
      h("section", { class: "looking" },
        h("div", { class: "frame" }, this.frame, this.mark), this.conflict, this.verdict.element),
      h("section", { class: "choosing" }, this.bars.element),
      h("section", { class: "why", hidden: !hasBuild }, this.reason, this.neighbors.element, this.curves, this.evalTable.element));
    this.words = h("p", { class: "words" });
    this.sound = h("audio", { class: "sound", controls: true });
  }

  show(row) {
    const element = row.url ? this.images.load(row.url).element : row.sound ? this.sound : this.words;
    if (this.frame.firstChild !== element) this.frame.replaceChildren(element);
    if (row.url) element.alt = `example ${row.id}`;
    else if (row.sound) this.arriveAt(row);
    else setText(this.words, row.text);
    this.frame.dataset.example = row.id;
    this.showState(row);
    setText(this.reason, row.reason ?? "");
    this.reason.hidden = row.reason === null;
  }

  arriveAt(row) {
    this.sound.setAttribute("aria-label", `example ${row.id}`);
    if (this.frame.dataset.example !== row.id) this.hear(row); // and not each time that the server answers
  }

  /** Play an example that is a sound, from its beginning; false where it is none. */
  hear(row) {
    if (!row?.sound) return false;
    if (this.sound.getAttribute("src") !== row.sound) this.sound.src = row.sound;
    this.sound.currentTime = 0;
    this.sound.play().catch(() => {}); // before the first key or click a browser plays nothing
    return true;
  }

  /** Draw what explains the example; the picture and the labels need not wait for it. */
  showContext(row) {
    this.neighbors.show(row.neighbors, row.given);
    this.curves.hidden = !row.margin.length;
    this.margin.draw(row.margin);
    this.loss.draw(row.loss);
    const disputed = row.state.conflicts?.[0]?.sides.map((side) => side.value);
    this.evalTable.show(disputed ?? [row.given, row.suggested], this.evals);
  }

  /** Draw what a verdict can change: everything else of the example stays. */
  showState(row) {
    const { state } = row;
    const text = markText(row);
    this.mark.hidden = !text;
    setText(this.mark, text);
    this.frame.classList.toggle("excluded", state.excluded);
    const isTold = !state.conflicts && state.conflict.length > 0;
    this.conflict.hidden = !isTold;
    setText(this.conflict, isTold ? `Annotators disagree: ${state.conflict.join(" or ")}. Your label settles it.` : "");
    this.verdict.show(row);
    this.bars.show(row);
  }
}

/** What was decided about an example, in a few words; "" where nothing was. */
export function markText(row) {
  const { state } = row;
  if (state.conflicts && !state.judged) return "";
  if (state.conflicts && state.settled) return state.settled;
  if (state.excluded) return "excluded";
  if (!state.judged) return state.annotator && state.label !== row.given ? `now ${state.label} by ${state.annotator}` : "";
  const by = state.annotator && !state.mine ? ` by ${state.annotator}` : "";
  if (state.confirmed) return `kept as ${state.label}${by}`;
  return `${row.given === null ? "" : "now "}${state.label}${by}`;
}

class Verdict {
  constructor({ on, hasLongNames }) {
    this.given = h("b");
    this.suggested = h("b");
    this.doubt = h("span", { class: "doubt" });
    this.givenOdds = h("small", { title: "how likely the given label is right, by this build and the verdicts since" });
    this.suggestedOdds = h("small", { title: "how likely the suggested label is the right one" });
    this.takeText = h("span");
    this.keepText = h("span");
    this.excludeText = h("span");
    this.element = h("div", { class: "verdict" },
      h("p", { class: "claim" },
        h("span", { class: "side" }, this.givenOdds, this.given),
        h("span", { class: "arrow", text: "→", "aria-hidden": "true" }),
        h("span", { class: "side suggested" }, this.suggestedOdds, this.suggested),
        this.doubt),
      h("div", { class: hasLongNames ? "actions long" : "actions" },
        button({ class: "primary take", onclick: () => on.take() }, h("kbd", { text: "Enter" }), this.takeText),
        button({ class: "keep", onclick: () => on.keep() }, h("kbd", { text: "Space" }), this.keepText),
        button({ class: "exclude", onclick: () => on.exclude() }, h("kbd", { text: "X" }), this.excludeText),
        button({ class: "undo", onclick: () => on.undo() }, h("kbd", { text: "U" }), h("span", { text: "Undo" }))));
  }

  show(row) {
    showName(this.given, row.given ?? "–");
    showName(this.suggested, row.suggested);
    setText(this.givenOdds, row.p === null ? "given" : `given · ${percent(1 - row.p)} right`);
    setText(this.suggestedOdds, row.p_suggested === null ? "suggested" : `suggested · ${percent(row.p_suggested)} right`);
    setText(this.doubt, row.ambiguous ? "ambiguous" : `${percent(row.p)} doubt`);
    this.doubt.classList.toggle("ambiguous", row.ambiguous);
    this.doubt.title = row.ambiguous ? "both labels can be defended: keep, take, or exclude what cannot be decided"
      : "how likely the given label is wrong, by this build and the verdicts since";
    setName(this.takeText, `Take ${row.suggested}`);
    setName(this.keepText, row.state.label === null ? "Keep" : `Keep ${row.state.label}`);
    const isRefused = isLessLikely(row);
    this.takeText.parentElement.disabled = isRefused;
    this.takeText.parentElement.title = isRefused ? `${row.given} is more likely right than ${row.suggested}: to take that all the same, choose it among the classes` : row.suggested;
    this.keepText.parentElement.title = row.state.label ?? "";
    setText(this.excludeText, row.state.excluded ? "Restore" : "Exclude");
  }
}

/** Write the name of a side: of one too long for its line the middle goes, and one too long for a
 *  line at all has smaller type and some lines. */
function showName(element, name) {
  const isLong = name.length > MAX_LARGE;
  if (isLong) {
    element.classList.remove("fits");
    setText(element, name.length > MAX_LINES ? `${name.slice(0, MAX_LINES / 2)}…${name.slice(-MAX_LINES / 2)}` : name);
  } else setName(element, name, N_END_SMALL);
  element.classList.toggle("long", isLong);
  element.title = name;
}

/** A row a class: its key, its name, the probability that the network gives it. */
class ClassBars {
  constructor({ classes, keys, onLabel, onPick, hasBuild }) {
    this.classes = classes;
    this.isList = classes.length <= MAX_BARS;
    const n = this.isList ? classes.length : LIKELIEST;
    this.rows = Array.from({ length: n }, (_, i) => this.row(this.isList ? keys[i] : null, onLabel));
    const columns = n > 16 ? "two" : "one";
    this.element = h("div", { class: `bars ${columns}`, role: "group", "aria-label": "classes" },
      hasBuild ? h("h3", { text: "Network’s own probability", title: "what the network alone gives each class; the odds of being right above weigh in all else: neighbours, training curves, the verdicts so far" }) : null,
      ...this.rows.map((row) => row.element),
      this.isList ? null : button({ class: "quiet find", onclick: onPick }, h("kbd", { text: "/" }), `Find any of ${classes.length} classes`));
  }

  row(key, onLabel) {
    const bar = h("span", { class: "bar" });
    const name = h("span", { class: "name" });
    const number = h("span", { class: "number" });
    const row = { bar, name, number, label: null };
    row.element = button({ class: "class", onclick: () => onLabel(row.label) },
      bar, key ? h("kbd", { text: key.toUpperCase() }) : null, name, number);
    return row;
  }

  show(row) {
    const probabilities = row.probs; // [[class index, probability]…], likeliest first
    const order = this.isList ? this.classes.map((_, i) => i) : this.likeliest(row);
    const byIndex = new Map(probabilities);
    this.rows.forEach((view, i) => {
      const index = order[i];
      view.element.hidden = index === undefined;
      if (index === undefined) return;
      const label = this.classes[index];
      const p = byIndex.get(index);
      view.label = label;
      if (view.element.title !== label) view.element.title = label;
      setName(view.name, label);
      setText(view.number, p === undefined ? "" : p < 0.005 ? "·" : p.toFixed(2).replace(/^0/, ""));
      view.bar.style.transform = `scaleX(${p ?? 0})`;
      view.element.classList.toggle("given", label === row.given);
      view.element.classList.toggle("suggested", label === row.suggested);
      const side = row.state.conflicts?.[0]?.sides.some((s) => s.action === "label" && s.value === label);
      view.element.classList.toggle("disputed", Boolean(side));
      view.element.classList.toggle("current", row.state.judged && !row.state.excluded && label === row.state.label);
    });
  }

  likeliest(row) {
    const indices = (names) => names.map((c) => this.classes.indexOf(c)).filter((i) => i >= 0);
    const disputed = indices((row.state.conflicts?.[0]?.sides ?? []).map((s) => s.value));
    const wanted = indices([row.suggested, row.given]);
    return [...new Set([...disputed, ...row.probs.map(([index]) => index), ...wanted])].slice(0, LIKELIEST);
  }
}

class Neighbors {
  constructor() {
    this.items = Array.from({ length: MAX_NEIGHBORS }, () => {
      const image = h("img", { alt: "", decoding: "async", draggable: "false", onload: (event) => showLoaded(event.target) });
      const label = h("span", { class: "name" });
      return { image, label, element: h("figure", { class: "neighbor" }, image, label) };
    });
    this.element = h("div", { class: "neighbors" },
      h("h3", { text: "Nearest in the network's eyes" }),
      h("div", { class: "thumbs" }, ...this.items.map((item) => item.element)));
  }

  show(neighbors, given) {
    this.element.hidden = neighbors.length === 0;
    this.items.forEach((item, i) => {
      const neighbor = neighbors[i];
      item.element.hidden = !neighbor;
      if (!neighbor) return;
      const [url, label] = neighbor;
      pointThumbnail(item.image, url);
      setName(item.label, label ?? "–", N_END_SMALL);
      item.label.title = label ?? "";
      item.element.classList.toggle("agrees", label === given);
    });
  }
}

/** Precision and recall of the two classes that the verdict is between. */
class EvalTable {
  constructor(split) {
    this.rows = [0, 1].map(() => {
      const [precision, recall] = [new Interval(), new Interval()];
      const label = h("span");
      const name = h("th", { scope: "row" }, label);
      const element = h("tr", {}, name, h("td", {}, precision.element), h("td", {}, recall.element));
      return { name, label, precision, recall, element };
    });
    this.note = h("small");
    this.element = h("table", { class: "evals" },
      h("thead", {}, h("tr", {},
        h("th", { scope: "col", text: `on ${split}` }), h("th", { scope: "col", text: "precision" }), h("th", { scope: "col", text: "recall" }))),
      h("tbody", {}, ...this.rows.map((row) => row.element)));
  }

  show(labels, evals) {
    const distinct = [...new Set(labels)].filter((label) => label in evals);
    this.element.hidden = distinct.length === 0;
    this.rows.forEach((row, i) => {
      const label = distinct[i];
      row.element.hidden = label === undefined;
      if (label === undefined) return;
      setName(row.label, label, N_END_SMALL);
      row.name.title = `${label}: ${evals[label].n} examples`;
      row.precision.draw(evals[label].precision);
      row.recall.draw(evals[label].recall);
    });
  }
}
