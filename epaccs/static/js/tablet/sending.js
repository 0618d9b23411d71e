/**
 * What waits on the tablet goes to the register: sealed, so without a sign-in, also while the tablet is locked and its
 * author has gone home.
 */

import { readJson } from "./transport.js";

const SEALED_AT_ONCE = 100;

export class Sending {
  #parts;
  #contact;
  /** @type {Set<string>} what was tried in this round: nothing is sent twice in one */
  #tried = new Set();
  /** @type {Set<string>} edits at which the register, or somebody before it, failed alone; tried after all others, one a round */
  #stuck = new Set();
  #hasSetAside = false;

  /** @param {import("./sync.js").Parts} parts @param {import("./contact.js").Contact} contact */
  constructor(parts, contact) {
    this.#parts = parts;
    this.#contact = contact;
  }

  /** Edits, then looks. @returns {Promise<boolean>} whether the register could be asked */
  async sendAll() {
    this.#tried.clear();
    this.#hasSetAside = false;
    return (await this.#sendEdits(SEALED_AT_ONCE)) && (await this.#sendAudit(SEALED_AT_ONCE));
  }

  /** One by one, after everything else: a line that is too weak for one keeps it for later, and nothing waits for it. */
  async sendPhotos() {
    const { photos, store, ask } = this.#parts;
    for (const photo of await photos.waiting()) {
      const reply = await ask("/sync/v1/photo", {
        device_id: await store.meta("device_id"),
        sealed: photo.forRegister,
      });
      const answer = reply.kind === "answer" ? readJson(reply.text) : null;
      if (!answer?.outcome) return;
      await photos.settle(photo, answer);
    }
  }

  /** @param {number} most @returns {Promise<boolean>} */
  async #sendEdits(most) {
    const { outbox } = this.#parts;
    const rows = (await this.#editsToSend()).slice(0, most);
    const [first] = rows;
    if (!first) return true;
    const reply = await this.#sendSealed(rows.map((row) => row.forRegister));
    if (isOfTheBatch(reply) && rows.length > 1) return this.#sendEdits(Math.ceil(rows.length / 2));
    if (isOfTheBatch(reply) && this.#setAside(first.id)) return this.#sendEdits(SEALED_AT_ONCE);
    const answer = reply.kind === "answer" ? readJson(reply.text) : null;
    if (!answer?.results) return this.#contact.failed(reply);
    for (const { id } of rows) {
      this.#tried.add(id);
      this.#stuck.delete(id);
    }
    await outbox.settle(answer.results, Date.parse(answer.server_time));
    await this.#contact.answered(answer.server_time);
    return this.#sendEdits(most);
  }

  /** What has no result, and what was refused while its author could not be told why; what is stuck when all else has gone. */
  async #editsToSend() {
    const reader = this.#parts.vault.unlocked?.user.id;
    const rows = (await this.#parts.outbox.rows())
      .sort(firstOnes)
      .filter(
        (row) =>
          !this.#tried.has(row.id) &&
          (row.state === "queued" || (row.state === "refused" && row.forRegister && row.authorId === reader)),
      );
    const ready = rows.filter((row) => !this.#stuck.has(row.id));
    if (ready.length > 0 || this.#hasSetAside) return ready;
    const next = [...this.#stuck].find((id) => rows.some((row) => row.id === id));
    return rows.filter((row) => row.id === next);
  }

  /**
   * One edit that fails alone keeps nothing else waiting (hazard H-50). If a second one fails in the same round, it is the
   * register that fails.
   *
   * @param {string} id
   */
  #setAside(id) {
    if (this.#hasSetAside) return false;
    this.#hasSetAside = true;
    this.#stuck.delete(id);
    this.#stuck.add(id);
    return true;
  }

  /** @param {number} most @returns {Promise<boolean>} */
  async #sendAudit(most) {
    const rows = (await this.#parts.audit.waiting()).slice(0, most);
    if (rows.length === 0) return true;
    const reply = await this.#sendSealed(rows.map((row) => row.forRegister));
    if (reply.status === 413 && most > 1) return this.#sendAudit(Math.ceil(rows.length / 2));
    const answer = reply.kind === "answer" ? readJson(reply.text) : null;
    if (typeof answer?.upto !== "number") return this.#contact.failed(reply);
    await this.#parts.audit.acknowledge(answer.upto, Date.parse(answer.server_time));
    await this.#contact.answered(answer.server_time);
    return rows.length === most && answer.upto >= Number(rows.at(-1)?.sequence) ? this.#sendAudit(most) : true;
  }

  /** @param {unknown[]} sealed */
  async #sendSealed(sealed) {
    const deviceId = await this.#parts.store.meta("device_id");
    return this.#parts.ask("/sync/v1/sealed", { device_id: deviceId, sealed, now_device: new Date().toISOString() });
  }
}

/** Something in what was sent is too much for the register. @param {import("./transport.js").Reply} reply */
const isOfTheBatch = ({ status }) => status === 413 || status === 500;

/** "Wrong person" travels before everything else (hazard H-60). @param {import("./outbox.js").Row} one @param {import("./outbox.js").Row} other */
const firstOnes = (one, other) => Number(!one.isFirst) - Number(!other.isFirst);
