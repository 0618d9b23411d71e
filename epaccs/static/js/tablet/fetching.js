/**
 * What is new comes from the register, a page at a time, for somebody whose lease holds and who has unlocked the tablet.
 */

import { PROGRAM } from "./contact.js";
import { KeyMissing, Overtaken } from "./copies.js";
import { buildCursors, readPage } from "./feed.js";
import { NoRoom, RESERVE_PIECES } from "./store.js";

const PAGE_ROWS = 500;
const KNOWN_AT_ONCE = 2000;
/** So long plans that made way stay away, before it is tried whether there is room again. */
const PLANS_AGAIN_MS = 3_600_000;

export class Fetching {
  #parts;
  #contact;
  #leases;
  /** How soon the register wants to be asked again. */
  nextPollMs = 60_000;
  #askedForKeys = false;
  #plansAskedAt = 0;
  /** @type {string[]} the commands that were carried out, and of which the register has not been told */
  #done = [];
  /** @type {[string, number][]} after a reset: what the old copy knows, in case the register was restored from an older one */
  #known = [];
  /** @type {{ from: string, lease: string, reply: Promise<import("./transport.js").Reply> } | null} the next page of a download, on its way while this one is written */
  #ahead = null;

  /**
   * @param {import("./sync.js").Parts} parts
   * @param {import("./contact.js").Contact} contact
   * @param {import("./leases.js").Leases} leases
   */
  constructor(parts, contact, leases) {
    this.#parts = parts;
    this.#contact = contact;
    this.#leases = leases;
  }

  /** A round begins: nothing that was on its way in the one before counts. */
  begin() {
    this.#askedForKeys = false;
    this.#ahead = null;
  }

  /** Everything that is new. @returns {Promise<boolean>} whether all of it came */
  async fetchAll() {
    for (;;) {
      const more = await this.#fetchOnce();
      if (more !== true) return more === false;
      this.#parts.onChange();
    }
  }

  /**
   * Lay room aside for what must be kept, and say which plans made way; where there is room again they are asked for.
   *
   * @param {boolean} isInContact
   */
  async lookAtRoom(isInContact) {
    const { store, copies, clock, vault } = this.#parts;
    const reserve = await store.layReserve();
    this.#contact.set({ reserve });
    if (!vault.unlocked) return;
    const [before, missingPlans] = [this.#contact.state.missingPlans, await copies.missingPlans()];
    this.#contact.set({ missingPlans });
    if (missingPlans > before) this.#plansAskedAt = clock.now();
    const isTime = clock.now() >= this.#plansAskedAt + PLANS_AGAIN_MS;
    if (missingPlans > 0 && reserve === RESERVE_PIECES && isInContact && isTime) await this.#fetchPlansAgain();
  }

  async #fetchPlansAgain() {
    const { clock, copies } = this.#parts;
    this.#plansAskedAt = clock.now();
    await copies.fetchPlansAgain();
    await this.fetchAll();
    this.#contact.set({ missingPlans: await copies.missingPlans() });
  }

  /** Somebody made room on the device and asks at once. */
  wantPlans() {
    this.#plansAskedAt = 0;
  }

  /** @returns {Promise<boolean | null>} whether there is more; null: the page did not come */
  async #fetchOnce() {
    const { vault, copies } = this.#parts;
    const lease = vault.unlocked?.lease;
    if (!lease) return false;
    const told = { done: this.#done, known: Object.fromEntries(this.#known.slice(0, KNOWN_AT_ONCE)) };
    const cursors = buildCursors([...copies.places]);
    const reply = await (this.#takeAhead(cursors, lease) ?? this.#askNext(cursors, told, lease));
    const page = reply.kind === "answer" ? readPage(reply.type, reply.text) : null;
    if (!page) return this.#notFetched(reply);
    if (vault.unlocked?.lease !== lease) return false;
    this.#done = this.#done.filter((id) => !told.done.includes(id));
    await this.#noteKnown(page.lines);
    if (this.#known.length === 0) this.#askAhead(page, lease);
    const more = await this.#take(page);
    return more === false && this.#known.length > 0 ? true : more;
  }

  /**
   * After a reset the register is told what the old copy knows; and only then is it offered what was sent to it before it was
   * restored, because whatever it takes makes it look newer than it is (hazard H-47).
   *
   * @param {import("./feed.js").Line[]} lines
   */
  async #noteKnown(lines) {
    const { store, outbox, audit, copies } = this.#parts;
    const restored = isRestored(lines, copies.places);
    if (restored) await store.setMeta({ is_restored: true });
    if (lines.some((line) => line.op === "reset" && line.epoch)) {
      this.#known = knownOf(copies.places).slice(0, restored ? undefined : KNOWN_AT_ONCE);
      return;
    }
    this.#known = this.#known.slice(KNOWN_AT_ONCE);
    if (this.#known.length > 0 || !(await store.meta("is_restored"))) return;
    await outbox.offerAgain();
    await audit.offerAgain();
    await store.setMeta({ is_restored: false });
  }

  /** @param {ReturnType<typeof buildCursors>} cursors @param {{ done: string[], known: Record<string, number> }} told @param {string} lease */
  async #askNext(cursors, told, lease) {
    return this.#pull(cursors, { ...told, ...(await this.#parts.describe()) }, lease);
  }

  /** @param {ReturnType<typeof buildCursors>} cursors @param {Record<string, unknown>} told @param {string} lease */
  #pull(cursors, told, lease) {
    const body = { cursors, limit: PAGE_ROWS, ...told };
    return this.#parts.ask("/sync/v1/pull", body, { Authorization: `Bearer ${lease}` });
  }

  /**
   * The line carries the next page while this one is sealed and written. What comes so counts only if the copies stand
   * then where it was asked from; after anything but people the register is asked when all of it was done. What the tablet
   * says of itself was said with the first page.
   *
   * @param {import("./feed.js").Page} page
   * @param {string} lease
   */
  #askAhead({ lines, closing }, lease) {
    if (!closing.more || lines.some((line) => line.op === "reset" || line.op === "command")) return;
    const cursors = closing.cursors.map(({ scope, tier, epoch, number }) => ({ scope, tier, epoch, number }));
    const reply = this.#pull(cursors, { now_device: new Date().toISOString() }, lease);
    this.#ahead = { from: JSON.stringify(cursors), lease, reply };
  }

  /** @param {ReturnType<typeof buildCursors>} cursors @param {string} lease @returns {Promise<import("./transport.js").Reply> | null} null: nothing was asked from there */
  #takeAhead(cursors, lease) {
    const ahead = this.#ahead;
    this.#ahead = null;
    return ahead && ahead.from === JSON.stringify(cursors) && ahead.lease === lease ? ahead.reply : null;
  }

  /** @param {import("./feed.js").Page} page @returns {Promise<boolean | null>} */
  async #take(page) {
    try {
      const change = await this.#parts.copies.take(page);
      await this.#contact.answered(page.closing.server_time);
      await this.#follow(change, page.closing);
      return page.closing.more;
    } catch (error) {
      return this.#notTaken(error);
    }
  }

  /** @param {import("./feed.js").Change} change @param {import("./feed.js").Closing} closing */
  async #follow(change, closing) {
    this.nextPollMs = Math.max(closing.next_poll_seconds, 5) * 1000;
    const copies = change.places.map((place) => place.next ?? place.current).filter((copy) => copy !== null);
    const fetched = copies.reduce((sum, copy) => sum + copy.people.size, 0);
    const expected = copies.reduce((sum, copy) => sum + copy.expected, 0);
    this.#contact.set({ phase: closing.more ? "fetching" : "quiet", fetched, expected });
    if (closing.least_program && closing.least_program > PROGRAM) this.#contact.set({ phase: "update" });
    for (const command of change.commands) await this.#obey(command);
    if (!closing.more) await this.#forgetSent();
  }

  async #forgetSent() {
    const { outbox, audit, copies, clock } = this.#parts;
    await outbox.forgetSent(Math.min(...copies.places.map((one) => one.current?.asAt ?? 0)));
    await audit.forgetSent(clock.now());
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
    this.#contact.set({ phase: "no-room" });
    return null;
  }

  /** A scope began again under another key: the lease brings it. Asked for once a round. @returns {Promise<boolean | null>} */
  async #fetchKeys() {
    if (this.#askedForKeys) return null;
    this.#askedForKeys = true;
    return (await this.#leases.renew()) || null;
  }

  /** @param {import("./transport.js").Reply} reply @returns {Promise<null>} */
  async #notFetched(reply) {
    if (reply.status === 403 && reply.problem.endsWith(":tablet-revoked")) await this.#erase();
    else if (reply.status === 401) await this.#leaseRefused(reply);
    else this.#contact.failed(reply);
    return null;
  }

  /** @param {import("./transport.js").Reply} reply */
  async #leaseRefused(reply) {
    const userId = this.#parts.vault.unlocked?.user.id ?? null;
    this.#contact.set({ phase: "sign-in" });
    if (reply.problem.endsWith(":tablet-user-ended") && userId) await this.#parts.vault.erase(userId);
  }

  /** The tablet is out of use: every key goes, and with them everything that they open; what is unsent is sealed to the register and stays. */
  async #erase() {
    const lease = this.#parts.vault.unlocked?.lease;
    await this.#parts.vault.erase(null);
    await this.#parts.copies.tidy([]);
    this.#contact.set({ phase: "erased" });
    if (lease) await this.#parts.ask("/sync/v1/erased", {}, { Authorization: `Bearer ${lease}` });
  }
}

/** Of whom the copies that are read know which version. @param {readonly import("./feed.js").Place[]} places @returns {[string, number][]} */
function knownOf(places) {
  const people = new Map(places.flatMap(({ current }) => [...(current?.people ?? [])]));
  return [...people].map(([id, { version }]) => [id, version]);
}

/**
 * The register was brought back from a backup: the first part of an epoch, which counts that, is a later one.
 *
 * @param {readonly import("./feed.js").Line[]} lines
 * @param {readonly import("./feed.js").Place[]} places
 */
function isRestored(lines, places) {
  const epochs = new Map(places.map(({ scope, current, next }) => [scope, (next ?? current)?.epoch]));
  return lines.some(({ op, scope, epoch }) => {
    const before = epochs.get(scope ?? "");
    return op === "reset" && epoch && before && Number.parseInt(epoch, 10) > Number.parseInt(before, 10);
  });
}
