// What is shown where no example is: the end of the queue, or a wait for more of it.

import { h } from "./dom.js";

/** nTotal: examples in the queue, all of them judged then; links: [{text, url}], where to go from here;
 *  next: what comes when everything has a label, in the queue of what has none; part: what the queue
 *  is narrowed to. */
export function doneParts({ isLoading, nTotal, links, isConflicts, dataset, next, part }) {
  const what = next ? "examples" : isConflicts ? "conflicts" : "suspects";
  if (isLoading) return [h("p", { class: "hint", text: `Loading the next ${what} …` })];
  if (next) return nothingUnlabelled(links, dataset, next);
  if (isConflicts) return nothingDisputed(links, dataset);
  if (part) return nothingLeft(part, links);
  const parts = [
    h("h2", { text: nTotal ? "All is judged" : "Nothing to review" }),
    h("p", { text: nTotal ? `All ${nTotal.toLocaleString("en")} examples of this queue have a verdict. Compile to see what that changed.` : "This build ranked no example: nothing in it has a label." }),
    linksOf(links),
  ];
  if (nTotal) parts.push(h("p", { class: "hint" }, ...back()));
  return parts;
}

function nothingDisputed(links, dataset) {
  return [
    h("h2", { text: "Nothing is in conflict" }),
    h("p", { text: `No two people say different things of an example of ${dataset}. Commit what you resolved, then push it: others get it with their next pull.` }),
    linksOf(links),
    h("p", { class: "hint" }, ...back()),
  ];
}

function nothingLeft({ words, n_total: n, leave_url: url }, links) {
  return [
    h("h2", { text: n ? "Nothing is left here" : "Nothing is here" }),
    h("p", { text: n ? `All ${n.toLocaleString("en")} of this part of the queue have a verdict: ${words}.` : `No suspect of this build is of this part of the queue: ${words}.` }),
    linksOf([{ text: "All suspects", url }, ...links]),
    ...(n ? [h("p", { class: "hint" }, ...back())] : []),
  ];
}

function nothingUnlabelled(links, dataset, next) {
  return [
    h("h2", { text: "Nothing is without a label" }),
    h("p", { text: `Every example of ${dataset} has one, or is excluded. ${next}` }),
    linksOf(links),
    h("p", { class: "hint" }, ...back()),
  ];
}

const linksOf = (links) => h("p", { class: "links" }, ...links.map(({ text, url }) => h("a", { href: url, text, target: "_self" })));
const back = () => [h("kbd", { text: "←" }), " looks back, ", h("kbd", { text: "U" }), " undoes"];
