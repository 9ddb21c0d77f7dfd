// Edits on their way: kept here and in localStorage until the server says they are on the disk.

const IDLE_MS = 200; // after the last key
const LONGEST_WAIT_MS = 1000; // under keys that never pause
const SILENCE_MS = 5000; // without an answer: say so, and send again
const MAX_MESSAGE = 400; // edits in one message

let [lastMs, nInMs] = [0, 0];

/** A UUIDv7: 48 bits of Unix milliseconds, a counter of 12 bits, then random (RFC 9562, 6.2), so that
 *  edits of one tab sort as they were made, also those of one millisecond. */
export function newEditId(now = Date.now()) {
  nInMs = now > lastMs ? 0 : nInMs + 1;
  lastMs = Math.max(now, lastMs) + (nInMs >> 12);
  nInMs &= 0xfff;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; i += 1) bytes[i] = Math.floor(lastMs / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = 0x70 | (nInMs >> 8);
  bytes[7] = nInMs & 0xff;
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Outbox {
  /** send() tells the server, by a message that takes the tail; hurry() does so at once, the page
   *  being left; onChange() follows every change. */
  constructor({ prefix, client, send, hurry, onChange }) {
    this.prefix = prefix;
    this.key = `${prefix}${client}`;
    this.send = send;
    this.sendInHurry = hurry;
    this.onChange = onChange;
    this.edits = new Map(); // by edit_id, in the order in which they were made
    this.seq = 0;
    this.error = null;
    this.isSilent = false;
    this.isClosed = false;
    this.isStored = false; // whether a reload would find every edit again
    this.firstUnsentAt = null;
    this.sentSeq = 0; // edits up to this one have been sent at least once
    this.nMost = MAX_MESSAGE; // edits in one message
    this.adopt();
  }

  get size() {
    return this.edits.size;
  }

  /** "saved", "saving", "offline" or "refused", for the indicator. */
  get status() {
    if (this.size === 0) return "saved";
    if (this.error) return "refused";
    return this.isSilent ? "offline" : "saving";
  }

  of(exampleId) {
    return [...this.edits.values()].filter((edit) => edit.example_id === exampleId);
  }

  add(edits) {
    for (const edit of edits) {
      this.seq += 1;
      this.edits.set(edit.edit_id, { seq: this.seq, ...edit });
    }
    this.save();
    this.schedule();
    this.onChange();
  }

  /** Send when the keys have paused, and at the latest a second after the first. */
  schedule() {
    const now = Date.now();
    this.firstUnsentAt ??= now;
    const wait = Math.min(IDLE_MS, Math.max(0, this.firstUnsentAt + LONGEST_WAIT_MS - now));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), wait);
  }

  flush() {
    clearTimeout(this.timer);
    this.firstUnsentAt = null;
    if (this.size === 0 || this.isClosed) return;
    this.send();
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.missed();
      this.flush();
    }, SILENCE_MS);
  }

  /** The edits that the next message carries. */
  tail() {
    return [...this.edits.values()].slice(0, this.nMost);
  }

  /** The same for a message that is sent now. */
  take() {
    const tail = this.tail();
    this.sentSeq = Math.max(this.sentSeq, tail.at(-1)?.seq ?? 0);
    return tail;
  }

  /** The server cannot be reached, or does not answer. */
  missed() {
    this.isSilent = true;
    this.onChange();
  }

  /** It answered. */
  reached() {
    this.isSilent = false;
    clearTimeout(this.silence);
  }

  /** Take the server's answer in; what is neither saved nor refused stays. */
  receive({ acked, refused, error }) {
    const before = this.size;
    for (const id of [...acked, ...Object.keys(refused)]) this.edits.delete(id);
    this.error = error;
    if (before !== this.size) this.save();
    if (this.isClosed) return; // what is left is adopted by the next surface
    if (this.size && error) {
      clearTimeout(this.silence);
      this.silence = setTimeout(() => this.flush(), SILENCE_MS);
    } else if (this.size) this.schedule();
    this.onChange();
  }

  save() {
    try {
      if (this.size) localStorage.setItem(this.key, JSON.stringify([...this.edits.values()]));
      else localStorage.removeItem(this.key);
      this.isStored = true;
    } catch {
      this.isStored = false; // full or forbidden: the edits are still here, and beforeunload warns
    }
  }

  /** Take over what an earlier mount of the same person and dataset could not send. */
  adopt() {
    let keys = [];
    try {
      keys = Object.keys(localStorage).filter((k) => k.startsWith(this.prefix) && k !== this.key);
    } catch {
      return;
    }
    for (const key of keys.sort()) {
      for (const edit of parseEdits(localStorage.getItem(key))) {
        this.seq += 1;
        this.edits.set(edit.edit_id, { ...edit, seq: this.seq });
      }
      localStorage.removeItem(key);
    }
    if (this.size) {
      this.save();
      this.schedule();
    }
  }

  /** Send at once what was never sent: the page is about to be left. */
  hurry() {
    if (this.seq > this.sentSeq) this.sendInHurry();
  }

  /** The surface is on the page again. */
  open() {
    this.isClosed = false;
    if (this.size) this.schedule();
  }

  close() {
    this.hurry();
    this.isClosed = true;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
  }
}

function parseEdits(text) {
  try {
    const edits = JSON.parse(text ?? "[]");
    return Array.isArray(edits) ? edits.filter((e) => e && typeof e.edit_id === "string") : [];
  } catch {
    return [];
  }
}
