/**
 * The parts put together: what the screens ask of the tablet, without any markup.
 */

import { Audit } from "./audit.js";
import { Clock, toDayAndTime, toMoment } from "./clock.js";
import { Copies, RowSpoilt } from "./copies.js";
import { readCriteria } from "./criteria.js";
import { describeStorage } from "./health.js";
import { newSigningKey } from "./keys.js";
import { Outbox } from "./outbox.js";
import { SearchIndex } from "./search.js";
import { argon2 } from "./slow.js";
import { Store } from "./store.js";
import { aboutNow, Sync } from "./sync.js";
import { ask as askRegister, readJson } from "./transport.js";
import { Vault } from "./vault.js";

/** @typedef {import("./copies.js").Known} Known */
/** @typedef {import("./vault.js").Answer} Answer */

/** @typedef {{ reason: string, identifiers: string[] }} Why why a record is opened, and what was compared; asked once for each person and unlocking */
/** @typedef {{ known: Known, card: any, plan: any | null, why: Why }} OpenCard */
/** @typedef {{ id: string, name: string }} SignedIn */

export class Tablet {
  /** @type {Store} */ store;
  /** @type {Clock} */ clock;
  /** @type {Vault} */ vault;
  /** @type {Copies} */ copies;
  /** @type {Outbox} */ outbox;
  /** @type {Audit} */ audit;
  /** @type {Sync} */ sync;
  /** @type {SearchIndex | null} */ index = null;
  /** @type {Map<string, Known>} */ people = new Map();
  /** @type {Map<string, Why>} */ #reasons = new Map();
  /** @type {OpenCard | null} */ open = null;
  #ask;

  /**
   * @param {object} parts
   * @param {Store} parts.store
   * @param {import("./clock.js").Sources} parts.sources
   * @param {import("./clock.js").SavedClock | null} parts.savedClock
   * @param {number} parts.lastContact
   * @param {() => void} parts.onChange
   * @param {import("./slow.js").Slow} [parts.slow]
   * @param {import("./transport.js").Ask} [parts.ask]
   * @param {import("./append.js").OneAtATime} [parts.lock]
   */
  constructor({ store, sources, savedClock, lastContact, onChange, slow = argon2, ask = askRegister, lock }) {
    this.store = store;
    this.#ask = ask;
    this.clock = new Clock(sources, savedClock);
    this.vault = new Vault(store, this.clock, slow);
    this.copies = new Copies(store, this.vault);
    this.outbox = new Outbox(store, this.vault, this.clock, lock);
    this.audit = new Audit(store, this.vault, lock);
    const describe = () => this.#describe();
    this.sync = new Sync({
      store,
      vault: this.vault,
      clock: this.clock,
      copies: this.copies,
      outbox: this.outbox,
      audit: this.audit,
      ask,
      describe,
      onChange,
    });
    this.sync.state.lastContact = lastContact;
    this.vault.onLock(() => this.#forget());
  }

  // --- Coming in ---

  /** Who is signed in to the register in this browser, with the token for one question. @returns {Promise<{ user: SignedIn | null, csrf: string } | null>} null: no contact */
  async findSession() {
    const reply = await this.#ask("/tablet/session", undefined);
    const answer = reply.kind === "answer" ? readJson(reply.text) : null;
    return answer && { user: answer.user, csrf: answer.csrf_token };
  }

  /**
   * Set up this tablet, or add a user to it.
   *
   * @param {{ label: string, device_class: string }} about
   * @param {string} passphrase
   * @param {string} csrf
   * @returns {Promise<string[]>} the register's sentences when it refused; empty: done
   */
  async enrol(about, passphrase, csrf) {
    const { secret, shown } = await newSigningKey();
    const deviceId = (await this.store.meta("device_id")) ?? null;
    const body = { ...about, device_id: deviceId, user_key: shown, ...aboutNow() };
    const reply = await this.#ask("/sync/v1/enrol", body, { "X-CSRFToken": csrf });
    if (reply.kind !== "answer") return sentencesOf(reply);
    await this.vault.enrol(/** @type {Answer} */ (readJson(reply.text)), passphrase, secret);
    await this.#cameIn();
    return [];
  }

  /**
   * @param {string} userId
   * @param {string} passphrase
   * @param {string} glassReason why they must go on though their lease has ended; blank: not said
   */
  async unlock(userId, passphrase, glassReason = "") {
    const renew = () => this.#renewBySession(userId);
    const attempt = await this.vault.unlock(userId, passphrase, { renew, breakGlass: glassReason !== "" });
    if (attempt.outcome !== "unlocked") return attempt;
    await this.#cameIn();
    if (this.vault.unlocked?.isBrokenGlass && glassReason)
      await this.audit.append({ act: "glass_broken", reason: glassReason });
    return attempt;
  }

  // --- Reading ---

  /** After a page came or somebody came in: whom the tablet knows now. */
  refresh() {
    this.people = this.vault.unlocked ? this.copies.people() : new Map();
    this.index = this.vault.unlocked ? new SearchIndex([...this.people.values()]) : null;
  }

  /**
   * @param {{ who: string, born: string, where: string }} typed
   */
  async find(typed) {
    const read = readCriteria(typed, toMoment(this.clock.now()).slice(0, 10), this.policy.search?.least_digits);
    if ("refusals" in read || !this.index)
      return { refusals: "refusals" in read ? read.refusals : [], people: [], hasMore: false };
    const { hits, hasMore } = this.index.find(read.criteria, this.policy.search?.most_results);
    await this.audit.append({ act: "searched", count: hits.length });
    const people = hits.map((hit) => ({ ...hit, known: /** @type {Known} */ (this.people.get(hit.id)) }));
    return { refusals: [], people, hasMore };
  }

  /** What was said for this person since the tablet was unlocked. @param {string} entryId */
  reasonFor(entryId) {
    return this.#reasons.get(entryId) ?? null;
  }

  /**
   * The look is written down, on the disk, before the card is opened.
   *
   * @param {Known} known
   * @param {Why} why
   * @returns {Promise<OpenCard>}
   */
  async openCard(known, why) {
    if (!this.vault.isInTime()) this.vault.lock();
    await this.audit.append({ act: "card_viewed", ...this.#look(known, why) });
    this.#reasons.set(known.id, why);
    try {
      this.open = { known, ...(await this.copies.openRow(known)), why };
    } catch (error) {
      if (error instanceof RowSpoilt) await this.copies.startAgain();
      throw error;
    }
    return this.open;
  }

  // --- Writing ---

  /**
   * @param {{ section: string, kind: string, body: Record<string, unknown>, decidedAt: number }} entered
   * @param {string} words how its author reads it again
   */
  async write({ section, kind, body, decidedAt }, words) {
    const open = /** @type {OpenCard} */ (this.open);
    const { known, why } = open;
    const seen = { version: known.version, as_at: toMoment(known.asAt) };
    const draft = {
      entry_id: known.id,
      section,
      kind,
      body,
      base_version: known.keys.versions?.[section] ?? 0,
      decided_at: toMoment(decidedAt),
      seen,
      reason: why.reason,
      identifiers_checked: why.identifiers,
    };
    return this.outbox.append(draft, words);
  }

  // --- How it stands ---

  /** @param {number} at @returns {string} */
  moment(at) {
    return toDayAndTime(at, this.clock.now());
  }

  /** How old the copy is that a person is read from; by policy. @param {number} asAt @returns {"green" | "amber" | "red" | "never"} */
  staleness(asAt, policy = this.policy) {
    if (asAt === 0) return "never";
    const seconds = (this.clock.now() - asAt) / 1000;
    if (seconds <= (policy.stale_seconds?.green ?? 900)) return "green";
    return seconds <= (policy.stale_seconds?.red ?? 86_400) ? "amber" : "red";
  }

  /** @type {Record<string, any>} */
  policy = {};

  // --- Inside ---

  async #cameIn() {
    this.policy = (await this.store.meta("policy")) ?? {};
    await this.copies.load();
    if (!(await this.copies.isWhole())) await this.copies.startAgain();
    this.refresh();
  }

  #forget() {
    this.#reasons.clear();
    this.people = new Map();
    this.index = null;
    this.open = null;
  }

  /** @param {Known} known @param {Why} why */
  #look(known, why) {
    return {
      entry_id: known.id,
      version: known.version,
      as_at: toMoment(known.asAt),
      reason: why.reason,
      identifiers_checked: why.identifiers,
    };
  }

  /** @param {string} userId @returns {Promise<Answer | null>} */
  async #renewBySession(userId) {
    const session = await this.findSession();
    if (session?.user?.id !== userId) return null;
    const body = { device_id: await this.store.meta("device_id"), ...aboutNow() };
    const reply = await this.#ask("/sync/v1/lease", body, { "X-CSRFToken": session.csrf });
    return reply.kind === "answer" ? readJson(reply.text) : null;
  }

  /** What the tablet says of itself when it asks. */
  async #describe() {
    const storage = await describeStorage();
    const [edits, looks] = [await this.outbox.waiting(), await this.audit.waiting()];
    return {
      now_device: new Date().toISOString(),
      state: { program: aboutNow().program, outbox: edits.length, audit: looks.length, ...storage },
    };
  }
}

/** @param {import("./transport.js").Reply} reply @returns {string[]} */
function sentencesOf(reply) {
  if (reply.kind === "portal")
    return ["This network asks for a sign-in of its own. Sign in to the network, or use another one"];
  if (reply.kind === "away") return ["The register was not reached. Try again where there is signal"];
  const problem = readJson(reply.text) ?? {};
  const errors = /** @type {any[]} */ (problem.errors ?? []).map((one) => String(one.message ?? one.detail ?? one));
  const said = [problem.detail, problem.title].filter(Boolean).map(String);
  return errors.length > 0 ? errors : [said[0] ?? "The register refused it. Sign in again and try once more"];
}
