// The line that says what the review has yielded, what is left, and whether going on pays.

import { h, percent, setText, svg } from "./dom.js";

const WIDTH = 100;

export class YieldLine {
  constructor() {
    this.found = h("b");
    this.precision = h("span", { class: "muted" });
    this.left = h("b");
    this.range = h("span", { class: "muted" });
    this.bar = new FoundBar();
    this.advice = h("span", { class: "advice" });
    this.element = h("div", { class: "yield", role: "status" },
      h("span", { class: "part" }, this.found, this.precision), this.bar.element,
      h("span", { class: "part" }, this.left, this.range), this.advice);
  }

  show(found) {
    const number = (n) => Math.round(n).toLocaleString("en");
    const { n_judged: nJudged, n_errors: nErrors, precision } = found;
    const [left, low, high] = found.left;
    setText(this.found, nJudged ? `${number(nErrors)} found` : "None judged");
    setText(this.precision, nJudged ? `of ${number(nJudged)} judged: ${percent(precision.value)} (${interval(precision)})` : "yet");
    this.precision.title = "share of the judged labels that were wrong: relabelled or excluded; 95 % interval";
    setText(this.left, found.n_unjudged ? `about ${number(left)} left` : "none left");
    setText(this.range, found.n_unjudged ? `(${number(low)}–${number(high)})` : "");
    this.range.title = `wrong labels thought to remain among ${number(found.n_unjudged)} that nobody judged; 95 % interval`;
    this.bar.draw(nErrors, left, low, high);
    setText(this.advice, found.advice);
    this.advice.classList.toggle("stop", !found.is_worth_it);
    this.advice.title = `An error found is worth ${number(found.error_cost)} judgements ([review] error_cost in dataset.toml). `
      + `Expected loss, in judgements: ${number(found.loss[0])} if you stop here, ${number(found.loss[1])} after ${number(found.n_worth)} more.`;
  }
}

/** The 95 % interval as short as it can be said: 46–91 %. */
function interval({ low, high }) {
  return `${percent(low).replace(" %", "")}–${percent(high)}`;
}

/** Of all errors thought to be there, how many are found; the interval of the rest as a bracket. */
class FoundBar {
  constructor() {
    this.fill = svg("rect", { class: "found", x: 0, y: 3, height: 6 });
    this.rest = svg("rect", { class: "rest", y: 3, height: 6 });
    this.range = svg("path", { class: "range", "vector-effect": "non-scaling-stroke" });
    this.element = svg("svg", { class: "found-bar", viewBox: `0 0 ${WIDTH} 12`, preserveAspectRatio: "none", "aria-hidden": "true" },
      this.rest, this.fill, this.range);
  }

  draw(found, left, low, high) {
    const all = Math.max(1, found + high);
    const x = (n) => Math.round((n / all) * WIDTH * 10) / 10;
    this.fill.setAttribute("width", x(found));
    this.rest.setAttribute("x", x(found));
    this.rest.setAttribute("width", x(left));
    this.range.setAttribute("d", high ? `M${x(found + low)},1V11M${x(found + low)},6H${x(found + high)}M${x(found + high)},1V11` : "");
  }
}
