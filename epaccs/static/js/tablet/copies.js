/**
 * The copies of the register on this tablet: read when the vault opens, brought up to date a page at a time, and dropped
 * from memory when it locks.
 */

import { applyPage, emptyCopy, sumOf } from "./feed.js";
import { nameRow, open, seal } from "./keys.js";
import { NoRoom, rowsOf } from "./store.js";

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

/** What holds copies: written together. */
const OF_COPIES = /** @type {const} */ (["rows", "plans", "index", "cursors"]);
/** So many plans make way at once. */
const MAKE_WAY_AT_ONCE = 25;
/** Of so many rows it is kept when they were last looked at: the others make way first. */
const LOOKS_KEPT = 500;

/** @param {string} scope @param {string} tier @param {string} audience */
const namePlace = (scope, tier, audience) => `${scope}|${tier}|${audience}`;

/** After so many pieces an index is written whole again: a large first download has fewer. */
const SEGMENTS = 64;

/** @param {Copy} copy @param {number} segment */
const placeOfIndex = (copy, segment) => `index|${copy.id}|${segment}`;

/** @param {string} scope @param {string} tier @param {string} id @param {number} version */
const placeOfRow = (scope, tier, id, version) => `${scope}|${tier}|${id}|${version}`;

/** @param {Change["puts"][number]} put */
const placeOfPut = ({ scope, tier, id, line }) => placeOfRow(scope, tier, id, Number(line.version));

/** A plan lies apart from its card, so that it can make way without it. @param {string} place of its card */
const placeOfPlan = (place) => `plan|${place}`;

/** @typedef {[IDBValidKey, any][]} Sealed by key */
/** @typedef {{ copy: Copy, number: number, sealed: any }} Piece of an index */
/** @typedef {{ change: Change, rows: Sealed, plans: Sealed, indexes: Piece[], names: IDBValidKey[] }} Prepared everything that a page writes */

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
  #changes = 0;
  /** @type {Promise<number> | null} how many plans are missing; null: not counted since they may be others */
  #missing = null;
  /** Whether second copies are being filled only because plans had made way: they go first when there is no room again. */
  #isFetchingAgain = false;

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./vault.js").Vault} vault
   */
  constructor(store, vault) {
    this.#store = store;
    this.#vault = vault;
    vault.onLock(() => {
      this.#missing = null;
      this.#places = [];
      this.#isFetchingAgain = false;
    });
  }

  /** @returns {readonly Place[]} */
  get places() {
    return this.#places;
  }

  /** How often somebody came, changed or went here: while it stays, whatever was made of everybody's keys still holds. */
  get changes() {
    return this.#changes;
  }

  /** What this user's lease names, with what has come of it. */
  async load() {
    const claims = this.#vault.unlocked?.claims;
    if (!claims) return;
    const wanted = /** @type {{ scope: string, tier: string }[]} */ (claims.scopes);
    this.#kept.clear();
    this.#missing = null;
    const places = [];
    for (const { scope, tier } of wanted) places.push(await this.#loadPlace(scope, tier, claims.audience ?? ""));
    if (this.#vault.unlocked) this.#places = places;
    this.#changes += 1;
  }

  /**
   * A page came: its rows, its index and how far it goes are written together, or not at all. Where there is no room for it,
   * plans make way for cards; when none is left, its cards are taken without theirs (hazard H-57).
   *
   * @param {import("./feed.js").Page} page
   * @returns {Promise<Change>}
   */
  async take(page) {
    const prepared = await this.#prepare(page);
    await this.#writeOrMakeRoom(prepared);
    const { change } = prepared;
    this.#remember(change.places);
    if (change.touched.length + change.emptied.length > 0) {
      this.#changes += 1;
      this.#missing = null;
    }
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
   * @returns {Promise<{ card: any, plan: any | null, answers: any | null, isPlanAway: boolean }>} away: it made way for cards
   */
  async openRow({ id, version, copy, place }) {
    const keys = this.#keys(place, copy);
    const name = await nameRow(keys, id);
    const at = placeOfRow(place.scope, place.tier, id, version);
    const { card } = await openWhole(keys.rows, at, await this.#store.get("rows", [copy.id, name]));
    if (place.tier !== "full") return { card, plan: null, answers: null, isPlanAway: false };
    await this.#noteLook(name);
    const sealed = await this.#store.get("plans", [copy.id, name]);
    if (!sealed) return { card, plan: null, answers: null, isPlanAway: true };
    const box = await sealed.box.arrayBuffer().catch(() => new ArrayBuffer(0));
    const { plan, answers = null } = await openWhole(keys.rows, placeOfPlan(at), { ...sealed, box });
    return { card, plan, answers, isPlanAway: false };
  }

  /** What the register compares: of what came last, by scope. @returns {Record<string, string>} */
  sums() {
    const copies = this.#places.map(({ scope, next, current }) => /** @type {const} */ ([scope, next ?? current]));
    return Object.fromEntries(copies.map(([scope, copy]) => [scope, sumOf(copy?.people ?? new Map())]));
  }

  /** How many people's rows are there, and whether all are whose index is: a cheap look at the whole. */
  async isWhole() {
    for (const { current } of this.#places) {
      if (current && (await this.#store.count("rows", rowsOf(current.id))) !== current.people.size) return false;
    }
    return true;
  }

  /**
   * Start copies again: something of them was spoilt. What is there is read until the new ones are whole.
   *
   * @param {(place: Place) => boolean} isWanted
   */
  async startAgain(isWanted = () => true) {
    const wanted = this.#places.filter(isWanted);
    const places = wanted.map((place) => ({ ...place, next: emptyCopy(crypto.randomUUID()) }));
    await this.#store.write(OF_COPIES, (writing) => {
      for (const { next } of wanted) if (next) deleteCopy(writing, next.id);
      for (const place of places) writing.put("cursors", place.name, cursorOf(place));
    });
    this.#remember(this.#places.map((one) => places.find(({ name }) => name === one.name) ?? one));
    this.#missing = null;
  }

  // --- Room ---

  /**
   * Take plans away, those first that nobody looked at for longest; every card stays, and whoever is searched is found.
   *
   * @returns {Promise<number>} how many went
   */
  async makeRoom() {
    /** @type {IDBValidKey[]} */
    let gone = [];
    await this.#store.write(["plans", "meta"], async (writing) => {
      const looked = /** @type {string[]} */ ((await writing.get("meta", "looked")) ?? []);
      const lastLook = (/** @type {any} */ [, name]) => looked.indexOf(name);
      const keys = await writing.keys("plans");
      gone = keys.sort((one, other) => lastLook(one) - lastLook(other)).slice(0, MAKE_WAY_AT_ONCE);
      for (const key of gone) writing.remove("plans", key);
    });
    this.#missing = null;
    return gone.length;
  }

  /** How many plans made way, of those whom this user may read: counted again only after something of them changed. */
  missingPlans() {
    this.#missing ??= this.#countMissing().catch((error) => {
      this.#missing = null;
      throw error;
    });
    return this.#missing;
  }

  async #countMissing() {
    let missing = 0;
    for (const { tier, current, next } of this.#places) {
      const copy = tier === "full" ? (current ?? next) : null;
      if (copy) missing += copy.people.size - (await this.#store.count("plans", rowsOf(copy.id)));
    }
    return missing;
  }

  /** There may be room again: the fuller copies are fetched once more, beside what is there. */
  async fetchPlansAgain() {
    this.#isFetchingAgain = true;
    await this.startAgain(({ tier, current, next }) => tier === "full" && current !== null && next === null);
  }

  /** Throw away one scope: nobody on this tablet may have it any more. @param {string} scope */
  async revoke(scope) {
    await this.#store.write(OF_COPIES, async (writing) => {
      const names = (await writing.keys("cursors")).map(String);
      for (const name of names.filter((one) => one.startsWith(`${scope}|`))) await deletePlace(writing, name);
    });
    await this.load();
  }

  /** Throw away what no user of this tablet may read any more. @param {readonly string[]} wanted names of places */
  async tidy(wanted) {
    await this.#store.write(OF_COPIES, async (writing) => {
      const names = (await writing.keys("cursors")).map(String);
      for (const name of names.filter((one) => !wanted.includes(one))) await deletePlace(writing, name);
    });
  }

  // --- Inside ---

  /** @param {import("./feed.js").Page} page @returns {Promise<Prepared>} */
  async #prepare(page) {
    const change = await applyPage(this.#places, page, () => crypto.randomUUID());
    const fuller = change.puts.filter(({ tier }) => tier === "full");
    const [indexes, rows, plans, names] = await Promise.all([
      Promise.all(change.touched.map((id) => this.#sealIndex(change, id))),
      Promise.all(change.puts.map((one) => this.#sealRow(one))),
      Promise.all(fuller.map((one) => this.#sealPlan(one))),
      Promise.all(change.drops.map((one) => this.#nameRow(one))),
    ]);
    return { change, rows, plans, names, indexes: indexes.filter((one) => one !== null) };
  }

  /** @param {Prepared} prepared @returns {Promise<void>} */
  async #writeOrMakeRoom(prepared) {
    try {
      await this.#write(prepared);
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
      if (this.#isFetchingAgain) {
        await this.#giveUpSecondCopies();
        throw error;
      }
      if ((await this.makeRoom()) > 0) return this.#writeOrMakeRoom(prepared);
      if (prepared.plans.length === 0) throw error;
      await this.#write({ ...prepared, plans: [] });
    }
  }

  /** @param {Prepared} prepared */
  #write({ change, rows, plans, names, indexes }) {
    return this.#store.write(OF_COPIES, async (writing) => {
      await checkUntouched(writing, this.#kept);
      removeAll(writing, "rows", names);
      removeAll(writing, "plans", names);
      putAll(writing, "rows", rows);
      putAll(writing, "plans", plans);
      for (const one of indexes) keepIndex(writing, one);
      for (const id of change.emptied) deleteCopy(writing, id);
      const cursors = change.places.map((place) => /** @type {[string, any]} */ ([place.name, cursorOf(place)]));
      putAll(writing, "cursors", cursors);
    });
  }

  /** What is read is whole: that plans came back is worth less than news of anybody. */
  async #giveUpSecondCopies() {
    this.#isFetchingAgain = false;
    const places = this.#places.map((place) => (place.current ? { ...place, next: null } : place));
    await this.#store.write(OF_COPIES, (writing) => {
      for (const { current, next } of this.#places) if (current && next) deleteCopy(writing, next.id);
      for (const place of places) writing.put("cursors", place.name, cursorOf(place));
    });
    this.#remember(places);
  }

  /** In which order people were looked at, by the names of their rows. @param {string} name */
  async #noteLook(name) {
    try {
      await this.#store.write(["meta"], async (writing) => {
        const looked = /** @type {string[]} */ ((await writing.get("meta", "looked")) ?? []);
        writing.put("meta", "looked", [...looked.filter((one) => one !== name), name].slice(-LOOKS_KEPT));
      });
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
    }
  }

  /** @param {Place[]} places as they were written */
  #remember(places) {
    for (const place of places) this.#kept.set(place.name, JSON.stringify(cursorOf(place)));
    if (places.every(({ next }) => next === null)) this.#isFetchingAgain = false;
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
    if (!progress?.segments) return null;
    try {
      return { ...progress, people: await this.#loadPeople(place, progress) };
    } catch {
      return null;
    }
  }

  /** @param {Place} place @param {Copy} copy without its people @returns {Promise<Map<string, Person>>} rejects when a piece is missing or spoilt */
  async #loadPeople(place, copy) {
    const { first, next } = copy.segments;
    const numbers = Array.from({ length: next - first }, (_, number) => first + number);
    const pieces = await Promise.all(numbers.map((number) => this.#openSegment(place, copy, number)));
    /** @type {Map<string, Person>} */
    const people = new Map();
    for (const [id, person] of pieces.flat()) {
      if (person) people.set(id, person);
      else people.delete(id);
    }
    return people;
  }

  /** @param {Place} place @param {Copy} copy @param {number} number @returns {Promise<[string, Person | null][]>} */
  async #openSegment(place, copy, number) {
    const sealed = await this.#store.get("index", [copy.id, number]);
    return open(this.#keys(place, copy).rows, placeOfIndex(copy, number), sealed);
  }

  /** @param {Place} place @param {{ epoch: string | null }} copy */
  #keys(place, copy) {
    const keys = this.#vault.scopeKeys(place.scope, place.tier, copy.epoch ?? "");
    if (!keys) throw new KeyMissing("No key for this copy has come yet");
    return keys;
  }

  /** @param {Change["puts"][number]} one @returns {Promise<[IDBValidKey, any]>} */
  async #sealRow(one) {
    const { rows } = this.#keys(/** @type {any} */ (one), one);
    return [await this.#nameRow(one), await seal(rows, placeOfPut(one), { card: one.line.card })];
  }

  /** A file of its own, whose room is free as soon as it goes. @param {Change["puts"][number]} one @returns {Promise<[IDBValidKey, any]>} */
  async #sealPlan(one) {
    const { rows } = this.#keys(/** @type {any} */ (one), one);
    const { iv, box } = await seal(rows, placeOfPlan(placeOfPut(one)), {
      plan: one.line.plan ?? null,
      answers: one.line.answers ?? null,
    });
    return [await this.#nameRow(one), { iv, box: new Blob([box]) }];
  }

  /** @param {Change["drops"][number]} one @returns {Promise<IDBValidKey>} */
  async #nameRow(one) {
    return [one.copy, await nameRow(this.#keys(/** @type {any} */ (one), one), one.id)];
  }

  /**
   * What a page changed in the index of a copy, as one more piece of it; now and then the whole of it in one.
   *
   * @param {Change} change
   * @param {string} id of the copy
   * @returns {Promise<Piece | null>} null: nothing has come yet
   */
  async #sealIndex(change, id) {
    const place = /** @type {Place} */ (change.places.find((one) => [one.current?.id, one.next?.id].includes(id)));
    const copy = /** @type {Copy} */ (place.current?.id === id ? place.current : place.next);
    if (copy.epoch === null) return null;
    const { first, next: number } = copy.segments;
    const isWhole = number - first >= SEGMENTS;
    const content = isWhole ? [...copy.people] : changesOf(change, copy);
    const sealed = await seal(this.#keys(place, copy).rows, placeOfIndex(copy, number), content);
    copy.segments = { first: isWhole ? number : first, next: number + 1 };
    return { copy, number, sealed };
  }
}

/** @param {Change} change @param {Copy} copy @returns {[string, Person | null][]} null: they are gone */
function changesOf({ puts, drops }, copy) {
  const of = [...puts, ...drops].filter((one) => one.copy === copy.id);
  return of.map(({ id }) => [id, copy.people.get(id) ?? null]);
}

/** The piece, without those that it stands for. @param {import("./store.js").Writing} writing @param {Piece} piece */
function keepIndex(writing, { copy, number, sealed }) {
  writing.put("index", [copy.id, number], sealed);
  if (copy.segments.first === number)
    writing.remove("index", IDBKeyRange.bound([copy.id], [copy.id, number], false, true));
}

/**
 * @param {CryptoKey} key
 * @param {string} place
 * @param {import("./keys.js").Sealed | undefined} sealed
 */
async function openWhole(key, place, sealed) {
  if (!sealed) throw new RowSpoilt("A person's row is not there");
  try {
    return await open(key, place, sealed);
  } catch {
    throw new RowSpoilt("A person's row cannot be opened");
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
  for (const store of ["rows", "plans", "index"]) writing.remove(store, rowsOf(copyId));
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

/** @param {import("./store.js").Writing} writing @param {string} store @param {IDBValidKey[]} keys */
function removeAll(writing, store, keys) {
  for (const key of keys) writing.remove(store, key);
}
