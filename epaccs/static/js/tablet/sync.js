/**
 * When the register is asked, by which page of this tablet, and what follows from its answers.
 *
 * Sending and fetching do not wait for each other. What is sealed travels without a sign-in, also while the tablet is
 * locked; people are fetched only while somebody whose lease holds has unlocked it. One page at a time speaks.
 */

import { KeyMissing, Overtaken } from "./copies.js";
import { buildCursors, readPage } from "./feed.js";
import { NoRoom } from "./store.js";
import { readJson } from "./transport.js";

/** @typedef {"quiet" | "fetching" | "away" | "portal" | "sign-in" | "erased" | "no-room" | "update"} Phase */
/** @typedef {{ phase: Phase, lastContact: number, fetched: number, expected: number }} State what the strip shows; lastContact by the register's clock, 0: never */

const LEAST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 15 * 60_000;
const SEALED_AT_ONCE = 100;
const PAGE_ROWS = 500;
const KNOWN_AT_ONCE = 2000;

export const PROGRAM = "2026.11.4";

/**
 * How long to wait after so many failures: doubled each time, and at random within, so that five hundred tablets do not
 * come back at the same moment; never sooner than the register asked for.
 *
 * @param {number} failures one after the other
 * @param {number} retryAfter seconds; 0: not said
 * @param {number} chance between 0 and 1
 */
export function backoff(failures, retryAfter, chance) {
  const most = Math.min(LONGEST_WAIT_MS, LEAST_WAIT_MS * 2 ** Math.min(failures - 1, 10));
  return retryAfter * 1000 + LEAST_WAIT_MS / 2 + chance * (most - LEAST_WAIT_MS / 2);
}

/**
 * @typedef {object} Parts
 * @property {import("./store.js").Store} store
 * @property {import("./vault.js").Vault} vault
 * @property {import("./clock.js").Clock} clock
 * @property {import("./copies.js").Copies} copies
 * @property {import("./outbox.js").Outbox} outbox
 * @property {import("./audit.js").Audit} audit
 * @property {import("./transport.js").Ask} ask
 * @property {() => Promise<Record<string, unknown>>} describe what the tablet says of itself
 * @property {() => void} onChange something was fetched, sent or refused
 */

export class Sync {
  #parts;
  /** @type {State} */
  state = { phase: "quiet", lastContact: 0, fetched: 0, expected: 0 };
  #failures = 0;
  #retryAfter = 0;
  #nextPollMs = 60_000;
  #renewedFor = "";
  #askedForKeys = false;
  /** @type {string[]} the commands that were carried out, and of which the register has not been told */
  #done = [];
  /** @type {Record<string, number>} after a reset: what the old copy knows, in case the register was restored from an older one */
  #known = {};

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Send what waits, then fetch what is new, and say when to come again. @returns {Promise<number>} milliseconds */
  async round() {
    this.#retryAfter = 0;
    this.#askedForKeys = false;
    const went = await this.#sendAll();
    const came = went && this.#parts.vault.unlocked ? await this.#fetchAll() : went;
    this.#failures = came ? 0 : this.#failures + 1;
    this.#parts.onChange();
    return came
      ? this.#nextPollMs * (0.75 + Math.random() / 2)
      : backoff(this.#failures, this.#retryAfter, Math.random());
  }

  // --- Sending ---

  async #sendAll() {
    return (await this.#sendEdits(SEALED_AT_ONCE)) && (await this.#sendAudit(SEALED_AT_ONCE));
  }

  /** @param {number} most @returns {Promise<boolean>} whether the register could be asked */
  async #sendEdits(most) {
    const { outbox } = this.#parts;
    const rows = (await this.#editsToSend()).slice(0, most);
    if (rows.length === 0) return true;
    const reply = await this.#sendSealed(rows.map((row) => row.forRegister));
    if (reply.status === 413 && most > 1) return this.#sendEdits(Math.ceil(rows.length / 2));
    const answer = reply.kind === "answer" ? readJson(reply.text) : null;
    if (!answer?.results) return this.#note(reply);
    await outbox.settle(answer.results, Date.parse(answer.server_time));
    await this.#contact(answer.server_time);
    const isAnswered = answer.results.length === rows.length;
    return isAnswered && rows.length === most ? this.#sendEdits(most) : true;
  }

  /** What has no result, and what was refused while its author could not be told why. */
  async #editsToSend() {
    const reader = this.#parts.vault.unlocked?.user.id;
    const rows = await this.#parts.outbox.rows();
    return rows.filter(
      (row) => row.state === "queued" || (row.state === "refused" && row.forRegister && row.authorId === reader),
    );
  }

  /** @param {number} most @returns {Promise<boolean>} */
  async #sendAudit(most) {
    const rows = (await this.#parts.audit.waiting()).slice(0, most);
    if (rows.length === 0) return true;
    const reply = await this.#sendSealed(rows.map((row) => row.forRegister));
    if (reply.status === 413 && most > 1) return this.#sendAudit(Math.ceil(rows.length / 2));
    const answer = reply.kind === "answer" ? readJson(reply.text) : null;
    if (typeof answer?.upto !== "number") return this.#note(reply);
    await this.#parts.audit.acknowledge(answer.upto);
    await this.#contact(answer.server_time);
    return rows.length === most && answer.upto >= Number(rows.at(-1)?.sequence) ? this.#sendAudit(most) : true;
  }

  /** @param {unknown[]} sealed */
  async #sendSealed(sealed) {
    const deviceId = await this.#parts.store.meta("device_id");
    return this.#parts.ask("/sync/v1/sealed", { device_id: deviceId, sealed, now_device: new Date().toISOString() });
  }

  // --- Fetching ---

  async #fetchAll() {
    for (;;) {
      const more = await this.#fetchOnce();
      if (more !== true) return more === false;
      this.#parts.onChange();
    }
  }

  /** @returns {Promise<boolean | null>} whether there is more; null: the page did not come */
  async #fetchOnce() {
    const { vault, copies } = this.#parts;
    const lease = vault.unlocked?.lease;
    if (!lease) return false;
    const told = { done: this.#done, known: this.#known };
    const body = {
      cursors: buildCursors([...copies.places]),
      limit: PAGE_ROWS,
      ...told,
      ...(await this.#parts.describe()),
    };
    const reply = await this.#parts.ask("/sync/v1/pull", body, { Authorization: `Bearer ${lease}` });
    const page = reply.kind === "answer" ? readPage(reply.type, reply.text) : null;
    if (!page) return this.#notFetched(reply);
    if (vault.unlocked?.lease !== lease) return false;
    this.#done = this.#done.filter((id) => !told.done.includes(id));
    this.#known = page.lines.some((line) => line.op === "reset" && line.epoch) ? knownOf(copies.places) : {};
    return this.#take(page);
  }

  /** @param {import("./feed.js").Page} page @returns {Promise<boolean | null>} */
  async #take(page) {
    try {
      const change = await this.#parts.copies.take(page);
      await this.#contact(page.closing.server_time);
      await this.#follow(change, page.closing);
      return page.closing.more;
    } catch (error) {
      return this.#notTaken(error);
    }
  }

  /** @param {import("./feed.js").Change} change @param {import("./feed.js").Closing} closing */
  async #follow(change, closing) {
    this.#nextPollMs = Math.max(closing.next_poll_seconds, 5) * 1000;
    const copies = change.places.map((place) => place.next ?? place.current).filter((copy) => copy !== null);
    const fetched = copies.reduce((sum, copy) => sum + copy.people.size, 0);
    const expected = copies.reduce((sum, copy) => sum + copy.expected, 0);
    this.#set({ phase: closing.more ? "fetching" : "quiet", fetched, expected });
    if (closing.least_program && closing.least_program > PROGRAM) this.#set({ phase: "update" });
    for (const command of change.commands) await this.#obey(command);
    if (!closing.more)
      await this.#parts.outbox.forgetSent(Math.min(...this.#parts.copies.places.map((one) => one.current?.asAt ?? 0)));
  }

  /** @param {import("./feed.js").Line} command */
  async #obey({ id, do: deed, scope }) {
    if (deed === "erase") return this.#erase();
    if (deed === "resync") await this.#parts.copies.startAgain();
    if (deed === "revoke-scope" && scope) await this.#parts.copies.revoke(scope);
    this.#done.push(String(id));
  }

  /** @param {unknown} error @returns {Promise<boolean | null>} */
  async #notTaken(error) {
    if (error instanceof Overtaken) {
      await this.#parts.copies.load();
      return false;
    }
    if (error instanceof KeyMissing) return this.#fetchKeys();
    if (!(error instanceof NoRoom)) throw error;
    this.#set({ phase: "no-room" });
    return null;
  }

  /** A scope began again under another key: the lease brings it. Asked for once a round. @returns {Promise<boolean | null>} */
  async #fetchKeys() {
    if (this.#askedForKeys) return null;
    this.#askedForKeys = true;
    return (await this.renew()) || null;
  }

  /** @param {import("./transport.js").Reply} reply @returns {Promise<null>} */
  async #notFetched(reply) {
    if (reply.status === 403 && reply.problem.endsWith(":tablet-revoked")) await this.#erase();
    else if (reply.status === 401) await this.#leaseRefused(reply);
    else this.#note(reply);
    return null;
  }

  /** @param {import("./transport.js").Reply} reply */
  async #leaseRefused(reply) {
    const userId = this.#parts.vault.unlocked?.user.id ?? null;
    this.#set({ phase: "sign-in" });
    if (reply.problem.endsWith(":tablet-user-ended") && userId) await this.#parts.vault.erase(userId);
  }

  // --- Leases ---

  /**
   * Another lease for whoever reads: by the lease they have, or by their sign-in in this browser. Asked for when half of
   * the lease has passed, and when a key is missing.
   *
   * @param {string} [csrf] of their sign-in; without it the lease is shown
   * @returns {Promise<boolean>}
   */
  async renew(csrf) {
    const { vault, store, ask } = this.#parts;
    const here = vault.unlocked;
    if (!here) return false;
    /** @type {Record<string, string>} */
    const headers = csrf ? { "X-CSRFToken": csrf } : { Authorization: `Bearer ${here.lease}` };
    const reply = await ask("/sync/v1/lease", { device_id: await store.meta("device_id"), ...aboutNow() }, headers);
    const answer = reply.kind === "answer" ? readJson(reply.text) : null;
    if (answer?.user?.id !== here.user.id) return false;
    await vault.renew(answer);
    await this.#parts.copies.load();
    return true;
  }

  /** Renew when half of the lease has passed; tried once for each lease. */
  async renewInTime() {
    const here = this.#parts.vault.unlocked;
    if (!here || this.#renewedFor === here.claims.jti) return;
    const half = ((here.claims.iat + here.claims.exp) / 2) * 1000;
    if (this.#parts.clock.now() < half) return;
    this.#renewedFor = here.claims.jti;
    await this.renew();
  }

  // --- What came of it ---

  /** @param {import("./transport.js").Reply} reply @returns {false} */
  #note(reply) {
    this.#retryAfter = reply.retryAfter;
    this.#set({ phase: reply.kind === "portal" ? "portal" : "away" });
    return false;
  }

  /** The register answered: its clock is the tablet's from here. @param {string} serverTime */
  async #contact(serverTime) {
    const at = Date.parse(serverTime);
    this.#parts.clock.contact(at);
    this.#set({ phase: "quiet", lastContact: at });
    await this.#parts.store.setMeta({ clock: this.#parts.clock.saved(), last_contact: at });
  }

  /** The tablet is out of use: every key goes, and with them everything that they open; what is unsent is sealed to the register and stays. */
  async #erase() {
    const lease = this.#parts.vault.unlocked?.lease;
    await this.#parts.vault.erase(null);
    await this.#parts.copies.tidy([]);
    this.#set({ phase: "erased" });
    if (lease) await this.#parts.ask("/sync/v1/erased", {}, { Authorization: `Bearer ${lease}` });
  }

  /** @param {Partial<State>} state */
  #set(state) {
    this.state = { ...this.state, ...state };
  }
}

/** Of whom the copies that are read know which version. @param {readonly import("./feed.js").Place[]} places */
function knownOf(places) {
  const people = places.flatMap(({ current }) => [...(current?.people ?? [])]);
  return Object.fromEntries(people.slice(0, KNOWN_AT_ONCE).map(([id, { version }]) => [id, version]));
}

/** What every question says besides. */
export const aboutNow = () => ({ program: PROGRAM, now_device: new Date().toISOString() });
