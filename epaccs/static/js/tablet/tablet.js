/**
 * The parts put together: what the screens ask of the tablet, without any markup.
 */

import { Audit } from "./audit.js";
import { newId } from "./bytes.js";
import { Clock, toDayAndTime, toMoment } from "./clock.js";
import { aboutNow } from "./contact.js";
import { Copies, RowSpoilt } from "./copies.js";
import { readCriteria } from "./criteria.js";
import { describeStorage } from "./health.js";
import { newSigningKey } from "./keys.js";
import { judgeMarker, readMarker } from "./markers.js";
import { openersOf } from "./members.js";
import { Outbox } from "./outbox.js";
import { Photos, shrink } from "./photos.js";
import { SearchIndex } from "./search.js";
import { judgeSheet } from "./sheets.js";
import { slowly } from "./slow.js";
import { PIECE_BYTES, Store } from "./store.js";
import { Sync } from "./sync.js";
import { ask as askRegister, readJson } from "./transport.js";
import { Vault } from "./vault.js";

/** @typedef {import("./copies.js").Known} Known */
/** @typedef {import("./vault.js").Answer} Answer */

/** @typedef {{ reason: string, identifiers: string[] }} Why why a record is opened, and what was compared; asked once for each person and unlocking */
/** @typedef {{ known: Known, card: any, plan: any | null, answers: Record<string, import("./answers.js").Section> | null, isPlanAway: boolean, why: Why }} OpenCard answers: null: the plan is not written to here */
/** @typedef {{ label: string, last_contact_at: string, waiting: number | null }} Before */
/** @typedef {{ id: string, name: string }} SignedIn */
/** @typedef {{ user: SignedIn | null, csrf: string, passphraseLength: number }} Session passphraseLength: the least that their organisation asks for */

export class Tablet {
  /** @type {Store} */ store;
  /** @type {Clock} */ clock;
  /** @type {Vault} */ vault;
  /** @type {Copies} */ copies;
  /** @type {Outbox} */ outbox;
  /** @type {Photos} */ photos;
  /** @type {Audit} */ audit;
  /** @type {Sync} */ sync;
  /** @type {SearchIndex | null} */ index = null;
  /** @type {Map<string, Known>} */ people = new Map();
  /** @type {Map<string, Why>} */ #reasons = new Map();
  /** @type {OpenCard | null} */ open = null;
  /** @type {Before | null} what this browser was when it took everything away, as the register last knew it */ before =
    null;
  #ask;
  #indexed = 0;
  #isBehind = false;

  /**
   * @param {object} parts
   * @param {Store} parts.store
   * @param {import("./clock.js").Sources} parts.sources
   * @param {import("./clock.js").SavedClock | null} parts.savedClock
   * @param {number} parts.lastContact
   * @param {() => void} parts.onChange
   * @param {import("./slow.js").Slow} [parts.slow]
   * @param {import("./authenticator.js").Authenticator} [parts.device]
   * @param {import("./transport.js").Ask} [parts.ask]
   * @param {import("./append.js").OneAtATime} [parts.lock]
   */
  constructor({ store, sources, savedClock, lastContact, onChange, slow = slowly, device, ask = askRegister, lock }) {
    this.store = store;
    this.#ask = ask;
    this.clock = new Clock(sources, savedClock);
    this.vault = new Vault(store, this.clock, slow, device);
    this.copies = new Copies(store, this.vault);
    this.outbox = new Outbox(store, this.vault, this.clock, lock);
    this.photos = new Photos(store, this.vault);
    this.audit = new Audit(store, this.vault, lock);
    const describe = () => this.#describe();
    this.sync = new Sync({
      store,
      vault: this.vault,
      clock: this.clock,
      copies: this.copies,
      outbox: this.outbox,
      photos: this.photos,
      audit: this.audit,
      ask,
      describe,
      onChange,
    });
    this.sync.state.lastContact = lastContact;
    this.vault.onLock(() => this.#forget());
  }

  // --- Coming in ---

  /** Who is signed in to the register in this browser, with the token for one question. @returns {Promise<Session | null>} null: no contact */
  async findSession() {
    const reply = await this.#ask("/tablet/session", undefined);
    const answer = reply.kind === "answer" ? readJson(reply.text) : null;
    return (
      answer && { user: answer.user, csrf: answer.csrf_token ?? "", passphraseLength: answer.passphrase_length ?? 0 }
    );
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
    const prepared = await this.vault.prepare(passphrase);
    const { secret, shown } = await newSigningKey();
    const deviceId = (await this.store.meta("device_id")) ?? null;
    const body = { ...about, device_id: deviceId, user_key: shown, ...aboutNow() };
    const reply = await this.#ask("/sync/v1/enrol", body, { "X-CSRFToken": csrf });
    if (reply.kind !== "answer") return sentencesOf(reply);
    const answer = readJson(reply.text);
    await this.vault.enrol(/** @type {Answer} */ (answer), prepared, secret);
    this.before = answer.before ?? null;
    await this.#cameIn();
    return [];
  }

  /**
   * @param {string} userId
   * @param {string | null} passphrase null: the device says who it is
   * @param {string} glassReason why they must go on though their lease has ended; blank: not said
   */
  async unlock(userId, passphrase, glassReason = "") {
    const ways = { renew: () => this.#renewBySession(userId), breakGlass: glassReason !== "" };
    const attempt = await (passphrase === null
      ? this.vault.unlockByDevice(userId, ways)
      : this.vault.unlock(userId, passphrase, ways));
    if (attempt.outcome !== "unlocked") return attempt;
    await this.#cameIn();
    if (this.vault.unlocked?.isBrokenGlass && glassReason)
      await this.audit.append({ act: "glass_broken", reason: glassReason });
    return attempt;
  }

  // --- Reading ---

  /** After a page came or somebody came in: whom the tablet knows now. */
  refresh() {
    this.#isBehind = false;
    this.people = this.vault.unlocked ? this.copies.people() : new Map();
    if (!this.vault.unlocked) this.index = null;
    else if (!this.index || this.#indexed !== this.copies.changes) {
      this.#indexed = this.copies.changes;
      this.index = new SearchIndex(this.people.values());
    }
  }

  /** As `refresh`, put off until somebody searches or everybody is there: pages of a download follow one another fast. */
  refreshSoon() {
    this.#isBehind = true;
  }

  /**
   * @param {{ who: string, born: string, where: string }} typed
   */
  async find(typed) {
    if (this.#isBehind) this.refresh();
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
   * The look is written down, on the disk, before the card is opened. What is opened is the person as they are now: a
   * newer copy of them may have come since they were found.
   *
   * @param {Known} found
   * @param {Why} why
   * @returns {Promise<OpenCard>}
   */
  async openCard(found, why) {
    const known = this.people.get(found.id) ?? found;
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

  /**
   * What the square code of a printed sheet or of a marker says, beside what is here. That somebody was found by it is
   * written down.
   *
   * @param {string} scanned
   * @param {Known | null} open whose record the paper is held beside; null: nobody's
   * @param {Record<string, string>} lines the words of each line about CPR, by its number
   */
  async checkScanned(scanned, open, lines) {
    if (this.#isBehind) this.refresh();
    const keys = this.vault.unlocked?.stampKeys ?? [];
    const around = { keys, people: this.people.values(), open, now: this.clock.now(), lines };
    const marker = readMarker(scanned);
    const judgement = await (marker ? judgeMarker(marker, around) : judgeSheet(scanned, around));
    await this.audit.append({ act: "searched", count: judgement.person ? 1 : 0 });
    return judgement;
  }

  // --- Writing ---

  /**
   * @param {{ section: string, kind: string, body: Record<string, unknown>, decidedAt: number }} entered
   * @param {string} words how its author reads it again
   */
  async write({ section, kind, body, decidedAt }, words) {
    const open = /** @type {OpenCard} */ (this.open);
    const { known, why } = open;
    const seen = { version: known.version, as_at: toMoment(known.asAt), epoch: known.copy.epoch ?? "" };
    const draft = {
      entry_id: known.id,
      section,
      kind,
      body,
      base_version: open.answers?.[section]?.version ?? known.keys.versions?.[section] ?? 0,
      decided_at: toMoment(decidedAt),
      seen,
      reason: why.reason,
      identifiers_checked: why.identifiers,
    };
    return this.outbox.append(draft, words);
  }

  /**
   * That the signed form was seen; the photo after the words, so that nothing that goes wrong with it costs them.
   *
   * @param {{ section: string, kind: string, body: Record<string, unknown>, decidedAt: number }} entered
   * @param {string} words
   * @param {Blob} file
   * @returns {Promise<string>} what to tell of the photo; blank: it is kept
   */
  async writeWithPhoto(entered, words, file) {
    const content = await shrink(file).catch(() => null);
    if (!content) {
      await this.write(entered, words);
      return NO_PHOTO;
    }
    const id = newId(this.clock.now());
    const row = await this.write({ ...entered, body: { ...entered.body, photo_id: id } }, `${words}, with a photo`);
    const entry_id = String(this.open?.known.id);
    return this.photos.add({ id, edit_id: row.id, entry_id, content }, this.clock.now()).then(
      () => "",
      () => NO_PHOTO,
    );
  }

  /** What was refused was entered again, and is kept: the book says so, and it goes off the list. @param {string} id of what was refused */
  async markEnteredAgain(id) {
    await this.audit.append({ act: "entered_again", entry_id: String(this.open?.known.id), edit: id });
    await this.outbox.dismiss(id);
  }

  // --- Room ---

  /** Take plans away for what is to be written. @returns {Promise<number>} how many went */
  async makeRoom() {
    const gone = await this.copies.makeRoom();
    this.sync.state.missingPlans = await this.copies.missingPlans();
    return gone;
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
    return session?.user?.id === userId ? this.sync.askForLease({ "X-CSRFToken": session.csrf }) : null;
  }

  /** What the tablet says of itself when it asks. */
  async #describe() {
    const storage = await describeStorage();
    const [edits, looks] = [await this.outbox.waiting(), await this.audit.waiting()];
    const unlock = openersOf(await this.vault.reader());
    const sums = this.copies.sums();
    const counts = { outbox: edits.length, audit: looks.length };
    const room = {
      plans_missing: await this.copies.missingPlans(),
      reserve_bytes: this.sync.state.reserve * PIECE_BYTES,
    };
    return {
      now_device: new Date().toISOString(),
      state: { program: aboutNow().program, unlock, sums, ...counts, ...room, ...storage },
    };
  }
}

const NO_PHOTO = "The photo could not be kept on this tablet. That you saw the form is kept.";

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
