/**
 * What was written down on this tablet and is not yet in the register.
 *
 * Each edit is signed by its author, sealed to the register, and kept in a copy that only its author reads; it leaves with
 * a stored result of the register and not before (hazards H-54 and H-56). What was sent is shown until a copy that knows of it has come.
 */

import { append, oneAtATime } from "./append.js";
import { newId } from "./bytes.js";
import { toMoment } from "./clock.js";
import { open, seal, sealForRegister, sign } from "./keys.js";

/** @typedef {"queued" | "sent" | "held" | "refused" | "kept"} State kept: done with here; offered again if the register is restored from before */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {number} sequence
 * @property {string} authorId
 * @property {State} state
 * @property {boolean} [isFirst] it travels before everything else that waits
 * @property {number} at when it was written down, by the register's clock
 * @property {number} settledAt when the register answered, by its clock; 0: it has not
 * @property {unknown} forRegister sealed to the register; null: it was refused, and its author has been told
 * @property {import("./keys.js").Sealed} own the readable copy, sealed for its author
 * @property {import("./keys.js").Sealed | null} told the register's sentences, sealed for the author
 */

/**
 * @typedef {object} Draft what a person enters
 * @property {string} entry_id
 * @property {string} section
 * @property {string} kind
 * @property {Record<string, unknown>} body
 * @property {number} base_version of the section, as the copy here shows it; 0: nothing was recorded
 * @property {string} decided_at
 * @property {{ version: number, as_at: string, epoch?: string }} seen epoch: which history of the register the copy is of
 * @property {string} reason
 * @property {string[]} identifiers_checked
 */

/** @typedef {{ row: Row, edit: any, words: string, sentences: string[] }} Own one of the reader's own, opened */

/** @typedef {{ id: string, outcome: string, errors?: unknown[] }} Result */

/** They name no edit before them, because they arrive before it (hazard H-60). */
const FIRST = new Set(["wrong_person_flag"]);

/** As long as a backup may be old from which a register is restored. */
export const KEPT_MS = 7 * 24 * 3_600_000;

/** In which shape this program writes down the edits of a section, by number; of a section that is not named: the first. @type {Record<string, number>} */
const SCHEMAS = {};

const DONE = new Set(["applied", "merged", "same", "confirmed"]);

export class Outbox {
  #store;
  #vault;
  #clock;
  #lock;

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./vault.js").Vault} vault
   * @param {import("./clock.js").Clock} clock
   * @param {import("./append.js").OneAtATime} lock
   */
  constructor(store, vault, clock, lock = oneAtATime) {
    this.#store = store;
    this.#vault = vault;
    this.#clock = clock;
    this.#lock = lock;
  }

  /**
   * Keep it, on the disk, before anybody is told that it is kept.
   *
   * @param {Draft} draft
   * @param {string} words how the author reads it again
   * @returns {Promise<Row>}
   */
  async append(draft, words) {
    const here = this.#vault.unlocked;
    if (!here) throw new Error("The tablet is locked");
    const registerKey = await this.#store.meta("seal_key");
    const isFirst = FIRST.has(draft.kind);
    const after = isFirst
      ? null
      : (await this.own()).findLast(({ row, edit }) => isSameSection(edit, draft) && isUnknownTo(draft, row));
    return append(this.#store, this.#lock, "outbox", async (sequence, mark) => {
      const now = this.#clock.now();
      const id = newId(now);
      const unsigned = {
        ...draft,
        schema: SCHEMAS[draft.section] ?? 1,
        id,
        sequence,
        after_id: after?.row.id ?? null,
        recorded_at_device: toMoment(Date.now()),
        monotonic_ms: Math.floor(performance.now()),
        author_id: here.user.id,
      };
      const edit = { ...unsigned, signature: await sign(here.signing, unsigned) };
      /** @type {Row} */
      const row = {
        id,
        sequence,
        authorId: here.user.id,
        state: "queued",
        ...(isFirst ? { isFirst } : {}),
        at: now,
        settledAt: 0,
        forRegister: await sealForRegister(registerKey, id, edit),
        own: await seal(here.master, `outbox|${id}`, { edit, words }),
        told: null,
      };
      return { key: id, row, mark };
    });
  }

  /** Everything, of everybody: what it is stays sealed. @returns {Promise<Row[]>} in the order written */
  async rows() {
    return (await this.#all()).filter((row) => row.state !== "kept");
  }

  /** What the register has not answered yet, of all authors. @returns {Promise<Row[]>} */
  async waiting() {
    return (await this.rows()).filter((row) => row.state === "queued");
  }

  /** The reader's own, opened. @returns {Promise<Own[]>} */
  async own() {
    const here = this.#vault.unlocked;
    if (!here) return [];
    const mine = (await this.rows()).filter((row) => row.authorId === here.user.id);
    return Promise.all(mine.map((row) => openOwn(here.master, row)));
  }

  /** The reader's own about one person. @param {string} entryId */
  async about(entryId) {
    return (await this.own()).filter(({ edit }) => edit.entry_id === entryId);
  }

  /** How many of somebody else wait here: what they are about is not known here. @param {string} readerId */
  async ofOthers(readerId) {
    return (await this.waiting()).filter((row) => row.authorId !== readerId).length;
  }

  /**
   * The register's results: kept in one step with what they end.
   *
   * @param {Result[]} results
   * @param {number} at by the register's clock
   */
  async settle(results, at) {
    const rows = new Map((await this.rows()).map((row) => [row.id, row]));
    /** @type {Row[]} */
    const settled = [];
    for (const result of results) {
      const row = rows.get(result.id);
      if (row) settled.push(await this.#settled(row, result, at));
    }
    await this.#put(settled);
  }

  /** Copies that know of what was sent have come: it is shown from them now, and kept sealed for a week. @param {number} asAt by the register's clock */
  async forgetSent(asAt) {
    const rows = await this.#all();
    const known = rows.filter((row) => row.state === "sent" && row.settledAt < asAt);
    const old = rows.filter((row) => row.state === "kept" && row.settledAt < asAt - KEPT_MS);
    if (known.length > 0) await this.#put(known.map((row) => ({ ...row, state: "kept" })));
    if (old.length > 0) await this.#remove(old.map((row) => row.id));
  }

  /** The register was restored from a backup, which may know nothing of what it had answered: all of it is sent again (hazard H-47). */
  async offerAgain() {
    const answered = (await this.#all()).filter(({ state }) => state !== "queued" && state !== "refused");
    await this.#put(answered.map((row) => ({ ...row, state: "queued", settledAt: 0 })));
  }

  /** Its author has read what became of it. Nothing unsent is ever taken away here. @param {string} id */
  async dismiss(id) {
    const row = /** @type {Row | undefined} */ (await this.#store.get("outbox", id));
    const mayGo = row && row.state !== "queued" && row.authorId === this.#vault.unlocked?.user.id;
    if (mayGo && row.state === "refused") await this.#remove([id]);
    else if (mayGo) await this.#put([{ ...row, state: "kept" }]);
  }

  /** @returns {Promise<Row[]>} */
  async #all() {
    const rows = /** @type {Row[]} */ (await this.#store.all("outbox"));
    return rows.sort((one, other) => one.sequence - other.sequence);
  }

  /** @param {Row[]} rows */
  #put(rows) {
    return this.#store.write(
      ["outbox"],
      (writing) => {
        for (const row of rows) writing.put("outbox", row.id, row);
      },
      "strict",
    );
  }

  /** @param {string[]} ids */
  #remove(ids) {
    return this.#store.write(
      ["outbox"],
      (writing) => {
        for (const id of ids) writing.remove("outbox", id);
      },
      "strict",
    );
  }

  /** @param {Row} row @param {Result} result @param {number} at @returns {Promise<Row>} */
  async #settled(row, result, at) {
    const here = this.#vault.unlocked;
    const state = stateAfter(result.outcome);
    const isTold = state === "refused" && here?.user.id === row.authorId;
    const told = isTold && here ? await seal(here.master, `told|${row.id}`, sentencesOf(result)) : row.told;
    const keepsSeal = state !== "refused" || !told;
    return {
      ...row,
      state,
      settledAt: state === "queued" ? 0 : at,
      told,
      forRegister: keepsSeal ? row.forRegister : null,
    };
  }
}

/** @param {string} outcome @returns {State} an outcome that this program does not know leaves the edit waiting */
function stateAfter(outcome) {
  if (DONE.has(outcome)) return "sent";
  if (outcome === "held") return "held";
  return outcome === "refused" || outcome === "other_words" ? "refused" : "queued";
}

/** @param {Result} result @returns {string[]} */
const sentencesOf = ({ errors = [] }) =>
  errors.map((error) => (typeof error === "string" ? error : String(/** @type {any} */ (error)?.message ?? "")));

/** @param {any} edit @param {Draft} draft */
const isSameSection = (edit, draft) => edit.entry_id === draft.entry_id && edit.section === draft.section;

/**
 * Whether the copy that the author reads does not show this edit of theirs yet: unsent, or answered after it was made.
 *
 * @param {Draft} draft
 * @param {Row} row
 */
const isUnknownTo = (draft, row) =>
  row.state === "queued" || (row.state !== "refused" && row.settledAt >= Date.parse(draft.seen.as_at));

/** @param {CryptoKey} master @param {Row} row @returns {Promise<Own>} */
async function openOwn(master, row) {
  const { edit, words } = await open(master, `outbox|${row.id}`, row.own);
  return { row, edit, words, sentences: row.told ? await open(master, `told|${row.id}`, row.told) : [] };
}
