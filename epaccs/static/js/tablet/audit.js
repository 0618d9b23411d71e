/**
 * What was looked at on this tablet, by whom and why: on the disk before the card is opened, and each entry names the one
 * before it, so that none can be taken out unseen. Only the register opens them.
 */

import { append, oneAtATime } from "./append.js";
import { newId } from "./bytes.js";
import { toMoment } from "./clock.js";
import { digest, sealForRegister, sign } from "./keys.js";

/**
 * @typedef {object} Look
 * @property {string} act
 * @property {string | null} entry_id
 * @property {number | null} version
 * @property {string | null} as_at
 * @property {string | null} reason
 * @property {string[]} identifiers_checked
 * @property {number | null} count of people who were found; null: it was no search
 */

/** @typedef {{ sequence: number, forRegister: unknown }} AuditRow */

/** @type {Look} */
export const NO_LOOK = {
  act: "",
  entry_id: null,
  version: null,
  as_at: null,
  reason: null,
  identifiers_checked: [],
  count: null,
};

export class Audit {
  #store;
  #vault;
  #lock;

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./vault.js").Vault} vault
   * @param {import("./append.js").OneAtATime} lock
   */
  constructor(store, vault, lock = oneAtATime) {
    this.#store = store;
    this.#vault = vault;
    this.#lock = lock;
  }

  /**
   * Written down, strictly, before this is over: whoever would show something waits for it.
   *
   * @param {Partial<Look> & { act: string }} look
   * @returns {Promise<AuditRow>}
   */
  async append(look) {
    const here = this.#vault.unlocked;
    if (!here) throw new Error("The tablet is locked");
    const registerKey = await this.#store.meta("seal_key");
    return append(this.#store, this.#lock, "audit", async (sequence, previous) => {
      const entry = {
        ...NO_LOOK,
        ...look,
        sequence,
        at_device: toMoment(Date.now()),
        monotonic_ms: Math.floor(performance.now()),
        author_id: here.user.id,
        previous,
      };
      const signed = { ...entry, signature: await sign(here.signing, entry) };
      const forRegister = await sealForRegister(registerKey, newId(), signed);
      return { key: sequence, row: { sequence, forRegister }, mark: await digest(entry) };
    });
  }

  /** @returns {Promise<AuditRow[]>} in order */
  waiting() {
    return this.#store.all("audit");
  }

  /** The register has kept everything up to here. @param {number} upto */
  acknowledge(upto) {
    return this.#store.write(["audit"], (writing) => {
      writing.remove("audit", IDBKeyRange.upperBound(upto));
    });
  }
}
