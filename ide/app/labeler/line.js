// The way to the server: one message at a time, each answered with what the surface lacks.
//
// What comes up while a message is on its way goes with the next one, which is made when it is
// sent. A message that is not answered is made anew: it carries every edit that is not acknowledged,
// each with its own id, so that sending twice changes nothing.

import { reconnect } from "./reconnect.js";

const ADDRESS = "/labeler/sync";
const LONGEST_MS = 20_000; // that a message may take
const PAUSES_MS = [300, 1000, 2000, 4000]; // after the first failure in a row, the second …
const STRANGER_MS = 2500; // that a server which was started anew has to draw the page again
const MOST_CHARS = 600_000; // in a message: the server takes 2 MiB, three bytes a character at most
const MOST_ON_LEAVING = 60_000; // the browser sends no more for a page that is gone

export class Line {
  /** surface: message({isLeaving}), takeReceipt(receipt), receive(data), say(text), writeAddress(),
   *  outbox. name: of the conversation, as the page gave it. */
  constructor(surface, name) {
    [this.surface, this.name] = [surface, name];
    this.isBusy = this.isAsked = this.isClosed = false;
    this.nFailed = 0;
  }

  /** The page was drawn again, by another server perhaps. */
  renew(name) {
    clearTimeout(this.strange);
    this.name = name;
    this.isStranger = this.isClosed = false;
    this.ask();
  }

  /** Tell and ask now, or when the message that is on its way is answered. */
  ask() {
    clearTimeout(this.pause);
    this.isAsked = true;
    if (this.isBusy || this.isStranger || this.isClosed) return;
    [this.isBusy, this.isAsked] = [true, false];
    this.exchange().finally(() => {
      this.isBusy = false;
      if (this.isAsked) this.ask();
    });
  }

  /** Send what was never sent, without waiting for anything: the page is about to be left. */
  hurry() {
    const body = JSON.stringify(this.surface.message({ isLeaving: true }));
    this.post(body, { keepalive: body.length < MOST_ON_LEAVING })
      .then((response) => (response.ok ? response.json() : null))
      .then((answer) => answer && this.receipt(answer.receipt))
      .catch(() => {}); // what is not acknowledged waits in localStorage
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.pause);
    clearTimeout(this.strange);
  }

  async exchange() {
    try {
      const response = await this.post(this.body(), { signal: AbortSignal.timeout(LONGEST_MS) });
      const answer = await response.json().catch(() => ({}));
      if (response.ok) this.hear(answer);
      else this.refused(response, answer.error ?? `the server answered ${response.status}`);
    } catch {
      this.failed();
    }
  }

  post(body, options) {
    const headers = { "Content-Type": "application/json", "X-Upwell-Conversation": this.name };
    return fetch(ADDRESS, { method: "POST", headers, body, cache: "no-store", ...options });
  }

  /** As many edits as a message may have. */
  body() {
    const { outbox } = this.surface;
    for (;;) {
      const message = this.surface.message({ isLeaving: false });
      const body = JSON.stringify(message);
      if (body.length <= MOST_CHARS || message.edits.length < 2) return body;
      outbox.nMost = Math.ceil(message.edits.length / 2);
    }
  }

  hear(answer) {
    this.nFailed = 0;
    this.surface.outbox.reached();
    if (answer.receipt) this.receipt(answer.receipt);
    if (this.isClosed) return;
    if (answer.problem) this.surface.say(answer.problem);
    if (answer.moving_counts) dispatchEvent(new CustomEvent("upwell-counts", { detail: answer.moving_counts })); // to the sidebar, the status line
    if (answer.rows) this.surface.receive(answer);
  }

  /** What became of the edits, heard also after the surface was taken off the page. */
  receipt(receipt) {
    if (this.isClosed) this.surface.outbox.receive(receipt);
    else this.surface.takeReceipt(receipt);
  }

  refused(response, sentence) {
    const { outbox } = this.surface;
    const tail = outbox.tail();
    if (response.status === 410) this.meetStranger();
    else if (response.status === 429) this.again(1000 * Number(response.headers.get("Retry-After") ?? 1));
    else if (response.status >= 500) this.failed();
    else if (response.status === 413 && tail.length > 1) {
      outbox.nMost = Math.ceil(tail.length / 2);
      this.ask();
    } else if (response.status === 413 && tail.length) this.receipt({ acked: [], refused: { [tail[0].edit_id]: "it is too long to be sent" }, error: null });
    else outbox.receive({ acked: [], refused: {}, error: sentence });
  }

  failed() {
    this.surface.outbox.missed();
    this.again(PAUSES_MS[Math.min(this.nFailed, PAUSES_MS.length - 1)]);
    this.nFailed += 1;
  }

  again(pauseMs) {
    clearTimeout(this.pause);
    if (!this.isClosed) this.pause = setTimeout(() => this.ask(), pauseMs);
  }

  /** The server does not know this page: it draws it again by itself, or it is loaded again. */
  meetStranger() {
    this.isStranger = true;
    this.surface.outbox.missed();
    clearTimeout(this.strange);
    this.strange = setTimeout(async () => {
      await reconnect(this.surface.outbox, () => this.surface.writeAddress());
      if (this.isStranger && !this.isClosed) this.meetStranger();
    }, STRANGER_MS);
  }
}
