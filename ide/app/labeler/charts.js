// Small drawings: the training curve of one example, an interval on a line from 0 to 1.

import { h, percent, setText, svg } from "./dom.js";

const WIDTH = 200;
const HEIGHT = 44;

/** A line over the epochs; `zero` draws a base line where the value means "undecided". */
export class Curve {
  constructor({ name, low, high, zero, tone, title }) {
    this.low = low;
    this.high = high;
    this.line = svg("path", { class: "curve-line", "vector-effect": "non-scaling-stroke" });
    this.area = svg("path", { class: "curve-area" });
    this.value = h("span", { class: "number" });
    const at = this.y(zero ?? low);
    this.base = at;
    this.element = h("figure", { class: `curve ${tone}`, title },
      h("figcaption", {}, h("span", { text: name }), this.value),
      svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": name },
        svg("line", { class: "curve-zero", x1: 0, x2: WIDTH, y1: at, y2: at, "vector-effect": "non-scaling-stroke" }),
        this.area, this.line));
  }

  y(value) {
    const share = (Math.min(this.high, Math.max(this.low, value)) - this.low) / (this.high - this.low);
    return Math.round((1 - share) * (HEIGHT - 4) * 10) / 10 + 2;
  }

  draw(values) {
    this.element.hidden = values.length === 0;
    if (!values.length) return;
    const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
    const points = values.map((value, i) => `${Math.round(i * step * 10) / 10},${this.y(value)}`);
    const line = `M${points.join("L")}`;
    this.line.setAttribute("d", line);
    this.area.setAttribute("d", `${line}L${WIDTH},${this.base}L0,${this.base}Z`);
    setText(this.value, values.at(-1).toFixed(2));
  }
}

/** A value between 0 and 1 with its 95 % interval. */
export class Interval {
  constructor() {
    this.range = svg("line", { class: "interval-range", y1: 5, y2: 5, "vector-effect": "non-scaling-stroke" });
    this.dot = svg("line", { class: "interval-dot", y1: 1, y2: 9, "vector-effect": "non-scaling-stroke" });
    this.number = h("span", { class: "number" });
    this.element = h("span", { class: "interval" },
      svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("line", { class: "interval-base", x1: 0, x2: 100, y1: 5, y2: 5, "vector-effect": "non-scaling-stroke" }),
        this.range, this.dot),
      this.number);
  }

  /** value: {value, low, high}, or null where the split has no such example. */
  draw(value) {
    if (!value || value.value === null || value.value === undefined) {
      setText(this.number, "–");
      this.element.title = "";
      for (const part of [this.range, this.dot]) part.setAttribute("visibility", "hidden");
      return;
    }
    for (const part of [this.range, this.dot]) part.setAttribute("visibility", "visible");
    const x = (v) => Math.round(Math.min(1, Math.max(0, v)) * 1000) / 10;
    this.range.setAttribute("x1", x(value.low));
    this.range.setAttribute("x2", x(value.high));
    this.dot.setAttribute("x1", x(value.value));
    this.dot.setAttribute("x2", x(value.value));
    setText(this.number, percent(value.value));
    this.element.title = `95 % interval: ${percent(value.low)} to ${percent(value.high)}`;
  }
}
