// One problem: what it says, its examples side by side, and what one can do about it.

import { button, h, named, setText } from "./dom.js";
import { showLoaded } from "./images.js";
import { sign, words } from "./problem_list.js";

const NEWS = {
  dismissed: "Not a problem, people said. Space takes that back.",
  settled: "Resolved by an edit, before the next build looks again. U takes it back.",
};

export class ProblemStage {
  /** on: {command(name, value), focus(index), split(index), pick(index), exclude(index)} */
  constructor({ classes, keys, on }) {
    [this.classes, this.keys, this.on] = [classes, keys, on];
    this.severity = h("span", { class: "severity" });
    this.check = h("b", { class: "check" });
    this.summary = h("small", { class: "summary" });
    this.links = h("span", { class: "links" }, ...[["open", "Enter", "Example"], ["review", "⇧ Enter", "Review"]].map(([name, key, text]) =>
      button({ class: "quiet", title: `open the framed one in ${text}`, onclick: () => on.command(name) }, h("kbd", { text: key }), h("span", { text }))));
    this.messages = h("div", { class: "messages" });
    this.news = h("p", { class: "notice news", hidden: true });
    this.cards = h("div", { class: "cards" });
    this.actions = h("div", { class: "actions" });
    this.relabel = h("div", { class: "relabel" });
    this.element = h("div", { class: "problem" },
      h("div", { class: "title" }, this.severity, this.check, this.summary, this.links),
      this.messages, this.news, this.cards, h("div", { class: "tools" }, this.actions, this.relabel));
  }

  /** row: the problem; focus: the framed card; context: {stateOf, payloadOf, samples, summary}. */
  show(row, focus, context) {
    this.element.dataset.severity = row.severity;
    this.severity.replaceChildren(sign(row.severity));
    setText(this.check, words(row.check));
    setText(this.summary, context.summary ?? "");
    this.messages.replaceChildren(...row.messages.map(([example, text]) => h("p", {}, example ? h("span", { class: "id", text: example }) : null, ` ${text}`)));
    setText(this.news, NEWS[row.now] ?? "");
    this.news.hidden = !NEWS[row.now];
    this.showCards(row, focus, context);
    this.links.hidden = row.cards[focus] === undefined;
    this.showActions(row, context.stateOf);
    this.showClasses(row.cards[focus], context);
  }

  showCards(row, focus, { stateOf, payloadOf }) {
    const titles = row.titles ?? [];
    const isPair = row.examples.length === 2;
    this.cards.classList.toggle("pair", isPair);
    this.cards.classList.toggle("single", row.cards.length === 1);
    const parts = row.cards.flatMap((id, i) => [
      titles[i] ? h("h3", { class: "of", text: titles[i] }) : null,
      this.card(id, i, { state: stateOf(id), payload: payloadOf(id), isFocus: i === focus, key: isPair ? [",", "."][i] : i === focus ? "X" : null }),
    ]);
    if (row.n_examples > row.examples.length) parts.push(h("p", { class: "hint", text: `and ${(row.n_examples - row.examples.length).toLocaleString("en")} more` }));
    if (!row.cards.length) parts.push(h("p", { class: "hint", text: row.isSampled ? "It is about the whole dataset: no one example stands for it." : "Loading examples …" }));
    this.cards.replaceChildren(...parts.filter(Boolean));
  }

  card(id, index, { state, payload, isFocus, key }) {
    const act = (run) => (event) => { event.stopPropagation(); this.on.focus(index); run(); };
    const label = state.conflict.length ? state.conflict.join(" | ") : state.label ?? "no label";
    return h("figure", { class: `card${isFocus ? " focus" : ""}${state.excluded ? " excluded" : ""}`, onclick: () => this.on.focus(index) },
      h("div", { class: "picture" }, drawn(payload, id), state.excluded ? h("span", { class: "mark", text: "excluded" }) : null),
      h("figcaption", {},
        button({ class: "label", title: `${label}: relabel`, onclick: act(() => this.on.pick()) }, named("b", label), isFocus ? h("kbd", { text: "/" }) : null),
        button({ class: "split", title: "move to another split", onclick: act(() => this.on.move()) }, h("span", { text: state.split ?? "–" }), isFocus ? h("kbd", { text: "G" }) : null)),
      h("div", { class: "id", title: id, text: id }),
      payload?.file ? h("div", { class: "id file", title: payload.file }, named("span", payload.file)) : null,
      button({ class: "exclude", onclick: act(() => this.on.exclude(index)) }, key ? h("kbd", { text: key }) : null, h("span", { text: state.excluded ? "Restore" : "Exclude" })));
  }

  showActions(row, stateOf) {
    const act = (name, key, text, kind = "") => button({ class: `${name} ${kind}`, onclick: () => this.on.command(name) }, h("kbd", { text: key }), h("span", { text }));
    const isDismissed = row.now === "dismissed";
    this.actions.replaceChildren(...[
      act("dismiss", "Space", isDismissed ? "It is a problem" : "Not a problem", isDismissed ? "" : "primary"),
      row.examples.length > 2 ? act("others", "Del", "Exclude the others") : null,
      new Set(row.examples.map((id) => stateOf(id).split)).size > 1 ? act("same", "=", "Same split") : null,
      row.check === "weak_slices" ? button({ class: "gate", onclick: () => this.on.command("gate") }, h("span", { text: "Make this a gate" })) : null,
      act("undo", "U", "Undo"),
      act("previous", "↑", "Previous"),
      act("next", "↓", "Next"),
    ].filter(Boolean));
  }

  /** The classes with their keys, for the framed example; above thirty, the button that finds one. */
  showClasses(id, { stateOf }) {
    this.relabel.hidden = id === undefined;
    if (id === undefined) return;
    const { label } = stateOf(id);
    const classes = this.keys.length ? this.classes : [];
    this.relabel.replaceChildren(h("small", { text: "Label the framed one" }),
      ...classes.map((name, i) => button({ class: `class${name === label ? " current" : ""}`, title: name, onclick: () => this.on.command("label", name) },
        this.keys[i] === name ? null : h("kbd", { text: this.keys[i].toUpperCase() }), named("span", name))),
      button({ class: "find", onclick: () => this.on.pick() }, h("kbd", { text: "/" }), h("span", { text: classes.length ? "Find" : "Find a class" })));
  }
}

/** An example as it is drawn: a picture, a text, or why there is neither. */
function drawn(payload, id) {
  if (payload?.url) return h("img", { src: payload.url, alt: `example ${id}`, decoding: "async", draggable: "false", onload: (event) => showLoaded(event.target) });
  if (payload?.sound) return h("audio", { class: "sound", controls: true, preload: "none", src: payload.sound, "aria-label": `example ${id}` });
  if (payload?.text !== undefined) return h("p", { class: "words", text: payload.text });
  return h("p", { class: "words hint", text: payload?.note ?? "Loading …" });
}
