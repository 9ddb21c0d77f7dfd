// What people disagree about, side by side: each value with who says so, why, when and in which
// commit. Space takes the left side, Enter the right one, Shift and a digit any.

import { button, h, setName, setText } from "./dom.js";
import { sideName } from "./judgement.js";

const ABOUT = { label: "its label", exclusion: "whether to exclude it", split: "its split" };
export const about = ({ register }) => ABOUT[register];
const MAX_SAID = 3; // people listed on a side; more are counted

export class Sides {
  /** on: {side(index), exclude(), undo(), pick()} */
  constructor({ on }) {
    this.on = on;
    this.title = h("h3");
    this.more = h("small");
    this.list = h("div", { class: "sides" });
    this.excludeText = h("span");
    this.element = h("div", { class: "dispute" },
      h("div", { class: "title" }, this.title, this.more), this.list,
      h("div", { class: "actions" },
        button({ class: "pick", onclick: () => on.pick() }, h("kbd", { text: "/" }), h("span", { text: "Another class" })),
        button({ class: "exclude", onclick: () => on.exclude() }, h("kbd", { text: "X" }), this.excludeText),
        button({ class: "undo", onclick: () => on.undo() }, h("kbd", { text: "U" }), h("span", { text: "Undo" }))));
  }

  show(row) {
    const { conflicts, excluded } = row.state;
    const dispute = conflicts[0];
    setText(this.title, dispute ? titleOf(dispute) : row.state.judged ? "Nothing is disputed here any more" : "Asking what is disputed …");
    setText(this.more, conflicts.length > 1 ? `then ${conflicts.slice(1).map(about).join(" and ")}` : "");
    const isExclusion = conflicts.some((c) => c.register === "exclusion");
    setText(this.excludeText, excluded && !isExclusion ? "Restore" : "Exclude");
    if (this.shown === dispute) return;
    this.shown = dispute;
    const sides = dispute?.sides ?? [];
    this.list.classList.toggle("many", sides.length > 2);
    this.list.replaceChildren(...sides.map((side, i) => this.side(side, i)));
  }

  side(side, index) {
    const name = h("b", { class: "value" });
    const word = sideName(side);
    setName(name, word);
    const rest = side.by.length - MAX_SAID;
    return button({ class: side.mine ? "side mine" : "side", title: word, onclick: () => this.on.side(index) },
      h("span", { class: "takes" }, h("kbd", { text: ["Space", "Enter"][index] ?? `⇧ ${index + 1}` }), name),
      ...side.by.slice(0, MAX_SAID).map(sayer),
      rest > 0 ? h("small", { text: `and ${rest} more` }) : null);
  }
}

/** Who says so, when, in which commit, and why. */
function sayer({ annotator, made_at: madeAt, reason, confirmed, commit, branches }) {
  const from = commit ? [commit.slice(0, 7), ...(branches.length ? [`of ${branches.join(", ")}`] : [])].join(" ") : "not committed";
  const when = `${madeAt.slice(0, 10)} ${madeAt.slice(11, 16)}`;
  return h("span", { class: "sayer" },
    h("span", { class: "who" }, h("strong", { text: annotator }), confirmed ? " confirmed it" : ""),
    h("small", { text: `${when} · ${from}`, title: "UTC; the commit that brought it, and the branches that have it" }),
    reason ? h("q", { text: reason, title: reason }) : null);
}

/** "ada and bob disagree about its label". */
function titleOf({ register, sides, vote }) {
  const people = [...new Set(sides.flatMap((side) => side.by.map((entry) => entry.annotator)))];
  if (vote) return `${people.length} votes are tied: your label settles them`;
  if (people.length < 2) return `${people[0] ?? "Nobody"} said two things about ${ABOUT[register]}`;
  const names = people.length > 3 ? `${people.length} people` : `${people.slice(0, -1).join(", ")} and ${people.at(-1)}`;
  return `${names} disagree about ${ABOUT[register]}`;
}
