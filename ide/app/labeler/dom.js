// Elements, made from data only: text goes through textContent, never through innerHTML.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element. props: class, text, on<event> listeners, everything else an attribute. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.setAttribute("class", value);
    else if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A button that leaves the focus where it is when clicked, so that keys keep working. */
export function button(props, ...children) {
  return h("button", { type: "button", onmousedown: (e) => e.preventDefault(), ...props }, ...children);
}

/** Write text only where it differs: a node that does not change is not laid out again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const MAX_WHOLE = 7; // letters that need no cutting
const MAX_SHORT = 12; // letters of a name of which a few at its end tell it from others
const N_END_SHORT = 4;
const N_END = 9; // letters of a name's end that always show
export const N_END_SMALL = 5; // the same under a thumbnail

/** Write a name that may be long: where it does not fit, its middle goes, for names that begin
 *  alike differ at their ends. */
export function setName(element, text, nEnd = N_END) {
  if (element.textContent === text) return;
  const end = text.length <= MAX_SHORT ? Math.min(nEnd, N_END_SHORT) : nEnd;
  const cut = Math.max(Math.ceil(text.length / 2), text.length - end);
  const isWhole = text.length <= MAX_WHOLE;
  element.classList.toggle("fits", !isWhole);
  if (isWhole) element.textContent = text;
  else element.replaceChildren(h("span", { class: "begin", text: text.slice(0, cut) }), h("span", { class: "end", text: text.slice(cut) }));
}

/** Return an element with a name that may be long. */
export function named(tag, text, nEnd = N_END) {
  const element = h(tag);
  setName(element, text, nEnd);
  return element;
}

/** Return a function that runs fn once the next frame is painted; calls before then are one. */
export function onceAfterPaint(fn) {
  let isWaiting = false;
  const run = () => { isWaiting = false; fn(); };
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => setTimeout(run, 0));
  };
}

/** Percent with as many digits as the eye can use. */
export function percent(value) {
  if (value === null || value === undefined) return "–";
  const scaled = value * 100;
  return scaled > 99.5 && scaled < 100 ? `${scaled.toFixed(1)} %` : `${Math.round(scaled)} %`;
}
