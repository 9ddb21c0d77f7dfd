// One change: the example, both labels, who made it and why, what it did, what reviewers say.

import { button, h, setName, setText } from "./dom.js";
import { showLoaded } from "./images.js";
import { sign } from "./review_list.js";

const ASKED = { request: ["What should it be?", "Request change"], comment: ["What do you want to say?", "Comment"] };
const MAX_TEXT = 2000;

export class ReviewStage {
  /** on: {command(name), write(name, text), closed()} */
  constructor({ on }) {
    this.on = on;
    this.picture = h("div", { class: "picture" });
    this.kind = h("span", { class: "kind" });
    [this.before, this.after] = [h("b"), h("b")];
    this.arrow = h("span", { class: "arrow", text: "→" });
    this.claim = h("div", { class: "claim" }, this.side("before", this.before), this.arrow, this.side("now", this.after));
    this.facts = h("div", { class: "facts" });
    this.said = h("div", { class: "said" });
    this.input = h("input", { type: "text", maxlength: MAX_TEXT, onkeydown: (event) => this.typed(event) });
    this.form = h("div", { class: "asked", hidden: true }, this.input, button({ class: "primary", onclick: () => this.write() }, h("kbd", { text: "Enter" }), h("span")), button({ class: "quiet", onclick: () => this.close() }, h("kbd", { text: "Esc" })));
    this.actions = h("div", { class: "actions" });
    this.element = h("div", { class: "change" }, h("div", { class: "card" }, this.picture),
      h("div", { class: "about" }, this.kind, this.claim, this.facts, this.said), h("div", { class: "tools" }, this.form, this.actions));
  }

  side(title, value) {
    return h("div", { class: `side ${title === "now" ? "suggested" : ""}` }, h("small", { text: title }), value);
  }

  /** row: the change; context: {payload, mine, verdicts of others, comments}. */
  show(row, { payload, mine, verdicts, comments }) {
    this.picture.replaceChildren(drawn(payload, row.example_id));
    setText(this.kind, row.kind);
    this.showClaim(row);
    this.facts.replaceChildren(...facts(row, payload?.file));
    const own = mine ? [verdict({ ...mine, annotator: "you" })] : [];
    this.said.replaceChildren(...own, ...verdicts.map(verdict), ...comments.map(comment));
    this.showActions(row, mine);
  }

  showClaim({ before, after }) {
    const isOne = before === null || after === null || before === after;
    [this.claim.firstChild.hidden, this.arrow.hidden] = [isOne, isOne];
    this.claim.lastChild.querySelector("small").hidden = isOne;
    setName(this.before, before ?? "", 24);
    setName(this.after, (isOne ? after ?? before : after) ?? "", 24);
  }

  showActions(row, mine) {
    const act = (name, key, text, kind = "") => button({ class: `${name} ${kind}`, disabled: !row.edit && !/^(next|previous|undo)$/.test(name), onclick: () => this.on.command(name) }, h("kbd", { text: key }), h("span", { text }));
    this.actions.replaceChildren(
      act("approve", "Space", mine?.action === "approve" ? "Approved" : "Approve", mine?.action === "approve" ? "" : "primary"),
      act("request", "R", "Request change"), act("comment", "C", "Comment"), act("undo", "U", "Undo"),
      act("previous", "↑", "Previous"), act("next", "↓", "Next"));
  }

  play() {
    const player = this.picture.querySelector("audio");
    if (player?.paused) player.play().catch(() => {}); // the browser may want a click first
    else player?.pause();
  }

  /** Open the field for what is asked, or for a comment. */
  open(name, text = "") {
    const [placeholder, title] = ASKED[name];
    this.writing = name;
    Object.assign(this.input, { placeholder, value: text });
    this.input.setAttribute("aria-label", placeholder);
    setText(this.form.querySelector("button.primary span"), title);
    this.form.hidden = false;
    this.input.focus();
  }

  typed(event) {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === "Enter") this.write();
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
  }

  write() {
    const [name, text] = [this.writing, this.input.value.trim()];
    if (!name || (name === "comment" && !text)) return;
    this.close();
    this.on.write(name, text);
  }

  close() {
    this.writing = null;
    this.form.hidden = true;
    this.on.closed();
  }
}

function facts(row, file) {
  const line = (title, text, kind = "") => (text ? h("p", { class: kind }, h("small", { text: title }), h("span", { text })) : null);
  const [fixed, broken] = row.caused;
  const effect = [fixed ? `fixed ${fixed}` : null, broken ? `broke ${broken}` : null].filter(Boolean).join(", ");
  return [
    line("by", [row.annotator ?? "nobody known", row.when, row.commit ?? "not committed"].filter(Boolean).join(" · ")),
    line("why", row.reason, "reason"),
    line("shown", row.evidence),
    line("effect", effect && `probably ${effect} of the compared examples`, broken > fixed ? "bad" : ""),
    line("split", row.split),
    line("example", [row.example_id, file].filter(Boolean).join(" · ")),
    row.edit ? null : h("p", { class: "hint", text: "No one edit is known to have made this change, so that there is none to approve." }),
  ].filter(Boolean);
}

function verdict({ annotator, action, text, isPending }) {
  const words = action === "approve" ? "approved" : "requested a change";
  return h("p", { class: `line ${action}${isPending ? " pending" : ""}` }, sign(action), h("b", { text: annotator }), h("span", { text: text ? `${words}: ${text}` : words }));
}

function comment({ annotator, text }) {
  return h("p", { class: "line comment" }, h("span", { class: "verdict none", text: "“" }), h("b", { text: annotator }), h("span", { text }));
}

function drawn(payload, id) {
  if (payload?.url) return h("img", { src: payload.url, alt: `example ${id}`, decoding: "async", draggable: "false", onload: (event) => showLoaded(event.target) });
  if (payload?.sound) return h("audio", { class: "sound", controls: true, preload: "none", src: payload.sound, "aria-label": `example ${id}` });
  if (payload?.text !== undefined) return h("p", { class: "words", text: payload.text });
  return h("p", { class: "words hint", text: payload?.note ?? "Loading …" });
}
