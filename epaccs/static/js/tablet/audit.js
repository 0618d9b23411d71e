/**
 * What was looked at on this tablet, by whom and why: on the disk before the card is opened, and each entry names the one
 * before it, so that none can be taken out unseen. Only the register opens them.
 */

import { append, oneAtATime } from "./append.js";
import { newId } from "./bytes.js";
import { toMoment } from "./clock.js";
import { digest, sealForRegister, sign } from "./keys.js";
import { KEPT_MS } from "./outbox.js";

/**
 * @typedef {object} Look
 * @property {string} act
 * @property {string | null} entry_id
 * @property {number | null} version
 * @property {string | null} as_at
 * @property {string | null} reason
 * @property {string[]} identifiers_checked
 * @property {number | null} count of people who were found or listed; null: none were
 * @property {string} [edit] what was entered again; left out: nothing was
 * @property {string} [home] whose list was read; left out: none was
 */

/** @typedef {{ sequence: number, forRegister: unknown, settledAt?: number }} AuditRow settledAt: when the register last had it, by its clock; left out: it has not */

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

/** So often it is looked whether anything that was sent is old. */
const TIDY_MS = 3_600_000;

export class Audit {
  #store;
  #vault;
  #lock;
  #tidiedAt = 0;

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

  /** What the register has not kept yet. @returns {Promise<AuditRow[]>} in order */
  async waiting() {
    const upto = (await this.#store.meta("audit_upto")) ?? 0;
    return this.#store.all("audit", IDBKeyRange.lowerBound(upto, true));
  }

  /** The register has kept everything up to here: it stays, sealed, for a week. @param {number} upto @param {number} at by the register's clock */
  async acknowledge(upto, at) {
    const kept = (await this.waiting()).filter(({ sequence }) => sequence <= upto);
    await this.#store.write(
      ["audit", "meta"],
      (writing) => {
        for (const row of kept) writing.put("audit", row.sequence, { ...row, settledAt: at });
        writing.put("meta", "audit_upto", upto);
      },
      "strict",
    );
  }

  /** No backup is so old any more that the register could have forgotten it. @param {number} now by the register's clock */
  async forgetSent(now) {
    if (now < this.#tidiedAt + TIDY_MS) return;
    this.#tidiedAt = now;
    const upto = (await this.#store.meta("audit_upto")) ?? 0;
    const sent = /** @type {AuditRow[]} */ (await this.#store.all("audit", IDBKeyRange.upperBound(upto)));
    const old = sent.findLast(({ settledAt }) => (settledAt ?? now) < now - KEPT_MS);
    if (!old) return;
    const range = IDBKeyRange.upperBound(old.sequence);
    await this.#store.write(["audit"], (writing) => writing.remove("audit", range));
  }

  /** The register was restored from a backup, which may know nothing of what it had kept: all of it is sent again (hazard H-18). */
  offerAgain() {
    return this.#store.write(["meta"], (writing) => writing.put("meta", "audit_upto", 0), "strict");
  }
}
