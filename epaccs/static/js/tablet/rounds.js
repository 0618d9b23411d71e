/**
 * The round of a care home, from what lies on this tablet: which homes there are, who lives in one, and who was seen.
 *
 * A tablet is not leafed through: whoever says which home they visit, and why, is shown the residents of that one. A list
 * is whole or it is not shown; it says as of when it is, and who is not on it (hazard H-61).
 */

import { open, seal } from "./keys.js";
import { areAlike } from "./search.js";

/** @typedef {import("./copies.js").Known} Known */
/** @typedef {{ id: string, name: string, people: number }} Home */
/** @typedef {{ known: Known, room: string, hasSimilar: boolean }} Resident */
/** @typedef {{ home: Home, reason: string }} Round which home is visited, and why its residents' records are opened */

/** Whom no list of a home holds. */
export const NOT_ON_IT =
  "Whoever lives here and is not on the register, is not among the people on this tablet, or whose address is restricted is not on this list, nor is anybody whose death was confirmed.";

/**
 * @param {Iterable<Known>} people
 * @returns {Home[]} by name
 */
export function findHomes(people) {
  /** @type {Map<string, Home>} */
  const homes = new Map();
  for (const { keys } of people) {
    if (!keys.home) continue;
    const { id, name } = keys.home;
    homes.set(id, { id, name, people: (homes.get(id)?.people ?? 0) + 1 });
  }
  return [...homes.values()].sort((one, other) => compare(one.name, other.name) || compare(one.id, other.id));
}

/**
 * The residents of one home, by room and then by name; null: more than policy lets stand on one list, and then none is
 * shown, for part of a list is read as all of it.
 *
 * @param {Iterable<Known>} people
 * @param {string} homeId
 * @param {number} most by policy
 * @returns {Resident[] | null}
 */
export function listResidents(people, homeId, most) {
  const residents = [...people].filter(({ keys }) => keys.home?.id === homeId);
  if (residents.length > most) return null;
  return residents
    .map((known) => ({ known, room: known.keys.home.room ?? "", hasSimilar: hasSimilar(known, residents) }))
    .sort((one, other) => compareRooms(one.room, other.room) || compare(nameOf(one.known), nameOf(other.known)));
}

/** Another resident who is easily taken for this one (hazards H-01 and H-61). @param {Known} known @param {Known[]} residents */
const hasSimilar = (known, residents) =>
  residents.some((other) => other.id !== known.id && areAlike(namesOf(known), namesOf(other)));

/** @param {Known} known @returns {[string, string]} */
const namesOf = ({ keys }) => [keys.family?.[0] ?? "", keys.given?.[0] ?? ""];

/** @param {Known} known */
const nameOf = (known) => [...namesOf(known), known.id].join(" ");

/** As a round goes: by number, then by name; whoever's room is not known comes last. @param {string} one @param {string} other */
function compareRooms(one, other) {
  if (!one || !other) return Number(!one) - Number(!other);
  return numberIn(one) - numberIn(other) || compare(one.toLowerCase(), other.toLowerCase());
}

/** @param {string} room */
const numberIn = (room) => Number(/\d+/.exec(room)?.[0] ?? 0);

/** @param {string} one @param {string} other */
const compare = (one, other) => (one < other ? -1 : Number(one > other));

/**
 * Since when the list may be out of date: the oldest copy of anybody on it, and null while a copy is not complete.
 *
 * @param {Resident[]} residents
 * @param {readonly { current: unknown }[]} places
 * @returns {number | null}
 */
export function oldestCopy(residents, places) {
  const moments = residents.map(({ known }) => known.asAt);
  const isWhole = places.every((place) => place.current !== null) && moments.every((moment) => moment > 0);
  return isWhole ? Math.min(...moments, Number.POSITIVE_INFINITY) : null;
}

/**
 * Each resident is compared with who is there before their card opens in a round: a reason for all is no proof of who one is.
 *
 * @param {string[]} identifiers
 * @param {boolean} cannotCheck
 * @returns {string[] | null} what was compared; empty: it cannot be, and the card says so; null: nobody said
 */
export function readCompared(identifiers, cannotCheck) {
  if (identifiers.length >= 2) return identifiers;
  return cannotCheck ? [] : null;
}

// --- Seen today ---

/** Who was seen on which day, by what was written of them: it lasts when it has been sent, and its author alone reads it. */
export class Seen {
  #store;
  #vault;

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./vault.js").Vault} vault
   */
  constructor(store, vault) {
    this.#store = store;
    this.#vault = vault;
  }

  /**
   * @param {string} day YYYY-MM-DD
   * @returns {Promise<Map<string, number>>} of whom something was written that day, with when; locked: of nobody
   */
  async on(day) {
    const here = this.#vault.unlocked;
    const kept = here && (await this.#store.meta(`seen|${here.user.id}`));
    if (!here || !kept) return new Map();
    const seen = await open(here.master, `seen|${here.user.id}`, kept);
    return new Map(seen.day === day ? seen.people : []);
  }

  /**
   * @param {string} day
   * @param {string} entryId
   * @param {number} at
   */
  async note(day, entryId, at) {
    const here = this.#vault.unlocked;
    if (!here) return;
    const people = [...(await this.on(day)).set(entryId, at)];
    const place = `seen|${here.user.id}`;
    const sealed = await seal(here.master, place, { day, people });
    await this.#store.write(["meta"], (writing) => void writing.put("meta", place, sealed));
  }
}

// --- The round itself ---

/** One round after the other: it ends with the lock, with the lease, or where another home is chosen. */
export class Rounds {
  #tablet;
  /** @type {Round | null} */
  #round = null;

  /** @param {import("./tablet.js").Tablet} tablet */
  constructor(tablet) {
    this.#tablet = tablet;
    this.seen = new Seen(tablet.store, tablet.vault);
    tablet.vault.onLock(() => {
      this.#round = null;
    });
  }

  /** What goes on, or null. */
  get round() {
    return this.#round;
  }

  /** How many residents policy lets stand on one list; 0: this user goes on no rounds. @returns {number} */
  get most() {
    return this.#tablet.policy.rounds?.most_residents ?? 0;
  }

  /** The homes in which somebody lives who is on this tablet. */
  homes() {
    return this.most > 0 ? findHomes(this.#tablet.people.values()) : [];
  }

  /**
   * The reason is given once; that the list was read is on the disk before it is shown.
   *
   * @param {Home} home
   * @param {string} reason
   */
  async begin(home, reason) {
    const residents = listResidents(this.#tablet.people.values(), home.id, this.most);
    if (!residents || !this.#isInTime()) return;
    await this.#tablet.audit.append({ act: "round_listed", home: home.id, reason, count: residents.length });
    this.#round = { home, reason };
  }

  /** Another home, or none. */
  end() {
    this.#round = null;
  }

  /** Who is on the list now; null: no round goes on, or there are more than may stand on a list. */
  residents() {
    if (!this.#isInTime() || !this.#round) return null;
    return listResidents(this.#tablet.people.values(), this.#round.home.id, this.most);
  }

  /**
   * Open the card of somebody who was compared with who is there, for the reason of the round.
   *
   * @param {Known} known
   * @param {string[]} identifiers
   */
  open(known, identifiers) {
    return this.#tablet.openCard(known, { reason: this.#round?.reason ?? "", identifiers });
  }

  #isInTime() {
    if (!this.#tablet.vault.isInTime()) this.#tablet.vault.lock();
    return this.#tablet.vault.unlocked !== null;
  }
}
