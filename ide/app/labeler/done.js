// What is shown where no example is: the end of the queue, or a wait for more of it.

import { h } from "./dom.js";

/** nTotal: examples in the queue, all of them judged then; links: [{text, url}], where to go from here. */
export function doneParts({ isLoading, nTotal, links }) {
  if (isLoading) return [h("p", { class: "hint", text: "Loading the next suspects …" })];
  const parts = [
    h("h2", { text: nTotal ? "All is judged" : "Nothing to review" }),
    h("p", { text: nTotal ? `All ${nTotal.toLocaleString("en")} examples of this queue have a verdict. Compile to see what that changed.` : "This build ranked no example: nothing in it has a label." }),
    h("p", { class: "links" }, ...links.map(({ text, url }) => h("a", { href: url, text, target: "_self" }))),
  ];
  if (nTotal) parts.push(h("p", { class: "hint" }, h("kbd", { text: "←" }), " looks back, ", h("kbd", { text: "U" }), " undoes"));
  return parts;
}
