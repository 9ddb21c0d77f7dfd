// The strip below the stage: where one is, what was decided just before, what comes next.

import { button, h, N_END_SMALL, setName, setText } from "./dom.js";
import { showLoaded, pointThumbnail } from "./images.js";
import { rivals } from "./judgement.js";
import { markText } from "./stage.js";

const BEFORE = 4;
const AFTER = 9;
const MAX_RIVAL = 7; // letters of each side of a conflict
const MAX_WORDS = 40; // letters of a text that has no label

export class Strip {
  constructor({ onOpen }) {
    this.items = Array.from({ length: BEFORE + 1 + AFTER }, () => {
      const image = h("img", { alt: "", decoding: "async", draggable: "false", onload: (event) => showLoaded(event.target) });
      const label = h("span", { class: "name" });
      const item = { image, label, id: null };
      item.element = button({ class: "frame", tabindex: -1, onclick: () => item.id && onOpen(item.id) }, image, label);
      return item;
    });
    this.element = h("nav", { class: "strip", "aria-label": "queue" }, ...this.items.map((i) => i.element));
  }

  show(queue) {
    const first = Math.max(0, queue.index - BEFORE);
    this.items.forEach((item, i) => {
      const row = queue.rows[first + i];
      item.element.classList.toggle("here", first + i === queue.index);
      item.id = row?.id ?? null;
      item.element.classList.toggle("empty", !row);
      if (!row) return;
      item.image.hidden = !row.url;
      if (row.url) pointThumbnail(item.image, row.url);
      if (row.state.conflicts?.length) {
        item.label.classList.remove("fits");
        setText(item.label, rivals(row, MAX_RIVAL));
      } else setName(item.label, labelOf(row), N_END_SMALL);
      item.element.classList.toggle("judged", row.state.judged);
      item.element.classList.toggle("changed", row.state.judged && !row.state.excluded && row.state.label !== row.given);
      item.element.title = markText(row) || rivals(row) || (row.given === null ? row.id : `${row.given} → ${row.suggested}?`);
    });
  }
}

function labelOf({ state, given, ...row }) {
  if (state.conflicts) return rivals({ state, given, ...row }) ?? state.settled ?? state.label ?? "–";
  return state.excluded ? "excluded" : state.judged ? `${state.label}` : given ?? (row.sound ? "♪" : row.text?.slice(0, MAX_WORDS) ?? "");
}
