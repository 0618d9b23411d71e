/**
 * The copies of the register on this tablet: read when the vault opens, brought up to date a page at a time, and dropped
 * from memory when it locks.
 */

import { applyPage, emptyCopy } from "./feed.js";
import { nameRow, open, seal } from "./keys.js";
import { rowsOf } from "./store.js";

/** @typedef {import("./feed.js").Place} Place */
/** @typedef {import("./feed.js").Copy} Copy */
/** @typedef {import("./feed.js").Person} Person */
/** @typedef {import("./feed.js").Change} Change */

/** @typedef {{ id: string, version: number, keys: any, isFull: boolean, asAt: number, copy: Copy, place: Place }} Known somebody who is on this tablet */

/** The lease names a key that this tablet has not been handed yet: renew it. */
export class KeyMissing extends Error {}

/** Another page of this program was quicker. */
export class Overtaken extends Error {}

/** A row cannot be opened: it was changed on the disk, or belongs to somebody else. */
export class RowSpoilt extends Error {}

/** @param {string} scope @param {string} tier @param {string} audience */
const namePlace = (scope, tier, audience) => `${scope}|${tier}|${audience}`;

/** @param {Copy} copy */
const placeOfIndex = (copy) => `index|${copy.id}`;

/** @param {string} scope @param {string} tier @param {string} id @param {number} version */
const placeOfRow = (scope, tier, id, version) => `${scope}|${tier}|${id}|${version}`;

/** @param {Copy | null} copy what is written in the clear: no person */
const progressOf = (copy) => {
  if (!copy) return null;
  const { people: _, ...progress } = copy;
  return progress;
};

export class Copies {
  #store;
  #vault;
  /** @type {Place[]} */
  #places = [];
  /** @type {Map<string, string>} how the cursors stood when they were last read or written here */
  #kept = new Map();

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./vault.js").Vault} vault
   */
  constructor(store, vault) {
    this.#store = store;
    this.#vault = vault;
    vault.onLock(() => {
      this.#places = [];
    });
  }

  /** @returns {readonly Place[]} */
  get places() {
    return this.#places;
  }

  /** What this user's lease names, with what has come of it. */
  async load() {
    const claims = this.#vault.unlocked?.claims;
    if (!claims) return;
    const wanted = /** @type {{ scope: string, tier: string }[]} */ (claims.scopes);
    this.#kept.clear();
    const places = [];
    for (const { scope, tier } of wanted) places.push(await this.#loadPlace(scope, tier, claims.audience ?? ""));
    if (this.#vault.unlocked) this.#places = places;
  }

  /**
   * A page came: its rows, its index and how far it goes are written together, or not at all.
   *
   * @param {import("./feed.js").Page} page
   * @returns {Promise<Change>}
   */
  async take(page) {
    const before = this.#places;
    const change = await applyPage(before, page, () => crypto.randomUUID());
    const rows = await Promise.all(change.puts.map((one) => this.#sealRow(one)));
    const names = await Promise.all(change.drops.map((one) => this.#nameRow(one)));
    const sealed = await Promise.all(change.touched.map((id) => this.#sealIndex(change.places, id)));
    const indexes = sealed.filter((one) => one !== null);
    await this.#store.write(["rows", "index", "cursors"], async (writing) => {
      await checkUntouched(writing, this.#kept);
      putAll(writing, "rows", rows);
      for (const key of names) writing.remove("rows", key);
      putAll(writing, "index", indexes);
      for (const id of change.emptied) deleteCopy(writing, id);
      putAll(
        writing,
        "cursors",
        change.places.map((place) => [place.name, cursorOf(place)]),
      );
    });
    this.#remember(change.places);
    return change;
  }

  /** Everybody who is on this tablet for this user, each once: the newest row, of two alike the fuller. @returns {Map<string, Known>} */
  people() {
    /** @type {Map<string, Known>} */
    const people = new Map();
    for (const place of this.#places) {
      const copy = place.current ?? place.next;
      for (const [id, { version, keys }] of copy?.people ?? []) {
        const known = {
          id,
          version,
          keys,
          isFull: place.tier === "full",
          asAt: copy?.asAt ?? 0,
          copy: /** @type {Copy} */ (copy),
          place,
        };
        if (isBetter(known, people.get(id))) people.set(id, known);
      }
    }
    return people;
  }

  /**
   * One person's card, and the plan where the tablet has it. Whoever calls has written the look down before.
   *
   * @param {Known} known
   * @returns {Promise<{ card: any, plan: any | null }>}
   */
  async openRow({ id, version, copy, place }) {
    const keys = this.#keys(place, copy);
    const row = await this.#store.get("rows", [copy.id, await nameRow(keys, id)]);
    if (!row) throw new RowSpoilt("A person's row is not there");
    try {
      return await open(keys.rows, placeOfRow(place.scope, place.tier, id, version), row);
    } catch {
      throw new RowSpoilt("A person's row cannot be opened");
    }
  }

  /** How many people's rows are there, and whether all are whose index is: a cheap look at the whole. */
  async isWhole() {
    for (const { current } of this.#places) {
      if (current && (await this.#store.count("rows", rowsOf(current.id))) !== current.people.size) return false;
    }
    return true;
  }

  /** Start every copy again: something of them was spoilt. What is there is read until the new ones are whole. */
  async startAgain() {
    const places = this.#places.map((place) => ({ ...place, next: emptyCopy(crypto.randomUUID()) }));
    await this.#store.write(["cursors"], (writing) => {
      for (const place of places) writing.put("cursors", place.name, cursorOf(place));
    });
    this.#remember(places);
  }

  /** Throw away one scope: nobody on this tablet may have it any more. @param {string} scope */
  async revoke(scope) {
    await this.#store.write(["rows", "index", "cursors"], async (writing) => {
      const names = (await writing.keys("cursors")).map(String);
      for (const name of names.filter((one) => one.startsWith(`${scope}|`))) await deletePlace(writing, name);
    });
    await this.load();
  }

  /** Throw away what no user of this tablet may read any more. @param {readonly string[]} wanted names of places */
  async tidy(wanted) {
    await this.#store.write(["rows", "index", "cursors"], async (writing) => {
      const names = (await writing.keys("cursors")).map(String);
      for (const name of names.filter((one) => !wanted.includes(one))) await deletePlace(writing, name);
    });
  }

  // --- Inside ---

  /** @param {Place[]} places as they were written */
  #remember(places) {
    for (const place of places) this.#kept.set(place.name, JSON.stringify(cursorOf(place)));
    if (this.#vault.unlocked) this.#places = places;
  }

  /** @param {string} scope @param {string} tier @param {string} audience @returns {Promise<Place>} */
  async #loadPlace(scope, tier, audience) {
    const name = namePlace(scope, tier, audience);
    const kept = await this.#store.get("cursors", name);
    this.#kept.set(name, JSON.stringify(kept ?? null));
    /** @type {Place} */
    const place = { name, scope, tier, current: null, next: null };
    place.current = await this.#loadCopy(place, kept?.current);
    place.next = await this.#loadCopy(place, kept?.next);
    return place;
  }

  /** @param {Place} place @param {any} progress @returns {Promise<Copy | null>} null: not there, or not for this user's keys */
  async #loadCopy(place, progress) {
    if (progress && progress.epoch === null && progress.asAt > 0) return { ...progress, people: new Map() };
    const sealed = progress && (await this.#store.get("index", progress.id));
    if (!sealed) return null;
    try {
      const keys = this.#vault.scopeKeys(place.scope, place.tier, sealed.epoch);
      if (!keys) return null;
      return { ...progress, people: new Map(await open(keys.rows, placeOfIndex(progress), sealed)) };
    } catch {
      return null;
    }
  }

  /** @param {Place} place @param {{ epoch: string | null }} copy */
  #keys(place, copy) {
    const keys = this.#vault.scopeKeys(place.scope, place.tier, copy.epoch ?? "");
    if (!keys) throw new KeyMissing("No key for this copy has come yet");
    return keys;
  }

  /** @param {Change["puts"][number]} one @returns {Promise<[IDBValidKey, any]>} */
  async #sealRow(one) {
    const keys = this.#keys(/** @type {any} */ (one), one);
    const { version, card, plan } = one.line;
    const row = await seal(keys.rows, placeOfRow(one.scope, one.tier, one.id, Number(version)), {
      card,
      plan: plan ?? null,
    });
    return [[one.copy, await nameRow(keys, one.id)], row];
  }

  /** @param {Change["drops"][number]} one @returns {Promise<IDBValidKey>} */
  async #nameRow(one) {
    return [one.copy, await nameRow(this.#keys(/** @type {any} */ (one), one), one.id)];
  }

  /** @param {Place[]} places @param {string} id @returns {Promise<[string, any] | null>} null: nothing has come yet */
  async #sealIndex(places, id) {
    const place = /** @type {Place} */ (places.find((one) => [one.current?.id, one.next?.id].includes(id)));
    const copy = /** @type {Copy} */ (place.current?.id === id ? place.current : place.next);
    if (copy.epoch === null) return null;
    const sealed = await seal(this.#keys(place, copy).rows, placeOfIndex(copy), [...copy.people]);
    return [id, { ...sealed, epoch: copy.epoch }];
  }
}

/** @param {Place} place */
const cursorOf = ({ scope, tier, current, next }) => ({
  scope,
  tier,
  current: progressOf(current),
  next: progressOf(next),
});

/** @param {Known} one @param {Known | undefined} other */
const isBetter = (one, other) =>
  !other || one.version > other.version || (one.version === other.version && one.isFull && !other.isFull);

/**
 * Nobody else has written since these were read.
 *
 * @param {import("./store.js").Writing} writing
 * @param {ReadonlyMap<string, string>} kept
 */
async function checkUntouched(writing, kept) {
  for (const [name, expected] of kept) {
    const found = await writing.get("cursors", name);
    if (JSON.stringify(found ?? null) !== expected) throw new Overtaken("Another page was quicker");
  }
}

/** @param {import("./store.js").Writing} writing @param {string} copyId */
function deleteCopy(writing, copyId) {
  writing.remove("rows", rowsOf(copyId));
  writing.remove("index", copyId);
}

/** @param {import("./store.js").Writing} writing @param {string} name */
async function deletePlace(writing, name) {
  const { current, next } = await writing.get("cursors", name);
  for (const copy of [current, next]) if (copy) deleteCopy(writing, copy.id);
  writing.remove("cursors", name);
}

/** @param {import("./store.js").Writing} writing @param {string} store @param {[IDBValidKey, any][]} values by key */
function putAll(writing, store, values) {
  for (const [key, value] of values) writing.put(store, key, value);
}
