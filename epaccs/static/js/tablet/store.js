/**
 * The tablet's database: what is kept between two days, all of it sealed or of no person (docs/offline.md).
 *
 * A connection dies in the background of some systems, and the browser may take everything away while a page is open:
 * a dead handle is reopened once, and what is gone is said (`onLost`). From then on nothing is read or written here: an
 * empty database in place of the old one would say that nothing waits (hazard H-57).
 */

import * as library from "../../vendor/idb/idb.js";

/** @typedef {import("idb").IDBPDatabase<any>} Database */

const { openDB } = /** @type {typeof import("idb")} */ (/** @type {unknown} */ (library));

export const DATABASE_NAME = "epaccs-tablet";
const VERSION = 2;

/**
 * So much is laid aside for what must be kept even when there is no room left: 2 MB in pieces, of which no more is let go
 * than one entry needs. A piece is the most random bytes that a browser gives at once.
 */
export const RESERVE_PIECES = 32;
export const PIECE_BYTES = 65_536;

/**
 * rows: sealed people, by copy and name. plans: what only a fuller copy has of them, by the same names. index: what a copy is searched by, sealed. cursors: how far each copy is.
 * outbox, photos, audit: what was written, photographed and read here and is not yet sent. keyring: the users. meta: everything else.
 * reserve: room, and nothing else.
 */
export const STORES = /** @type {const} */ ([
  ...["rows", "plans", "index", "cursors", "outbox", "photos", "audit", "keyring", "meta", "reserve"],
]);

/** There is no room left: nothing of the transaction was kept. */
export class NoRoom extends Error {}

/** @typedef {"taken" | "newer" | "broken"} Loss taken away by the browser; closed for another window's newer program; no answer twice */

/** Nothing can be read or kept here any more: the page must be loaded again. */
export class StoreLost extends Error {}

export class Store {
  #name;
  #onLost;
  /** @type {Promise<Database> | null} */
  #database = null;
  #wasOpen = false;
  /** @type {Loss | null} */
  #loss = null;

  /**
   * @param {string} name
   * @param {(why: Loss) => void} onLost told once
   */
  constructor(name = DATABASE_NAME, onLost = () => {}) {
    this.#name = name;
    this.#onLost = onLost;
  }

  /** Why nothing can be read or kept here any more; null: it can. */
  get loss() {
    return this.#loss;
  }

  /**
   * @param {string} store
   * @param {IDBValidKey} key
   * @returns {Promise<any>}
   */
  get(store, key) {
    return this.#use((database) => database.get(store, key));
  }

  /**
   * @param {string} store
   * @param {IDBKeyRange} [range]
   * @returns {Promise<any[]>}
   */
  all(store, range) {
    return this.#use((database) => database.getAll(store, range));
  }

  /**
   * @param {string} store
   * @param {IDBKeyRange} [range]
   * @returns {Promise<number>}
   */
  count(store, range) {
    return this.#use((database) => database.count(store, range));
  }

  /**
   * Everything that the function asks for is kept, or nothing. It waits for nothing but the database, and may be called
   * twice: what is asked for strictly must be kept, and uses the reserve where there is no other room.
   *
   * @param {readonly string[]} stores
   * @param {(writing: Writing) => Promise<void> | void} work
   * @param {"strict" | "default"} durability strict: it has reached the disk when this is over
   * @returns {Promise<void>}
   */
  async write(stores, work, durability = "default") {
    try {
      await this.#use((database) => writeOnce(database, stores, work, durability));
    } catch (error) {
      if (!(error instanceof NoRoom) || durability !== "strict" || !(await this.#releasePiece())) throw error;
      await this.write(stores, work, durability);
    }
  }

  /** @param {string} key @returns {Promise<any>} */
  meta(key) {
    return this.get("meta", key);
  }

  /** @param {Record<string, unknown>} values by key */
  setMeta(values) {
    return this.write(["meta"], (writing) => {
      for (const [key, value] of Object.entries(values)) writing.put("meta", key, value);
    });
  }

  /** Lay room aside for what must be kept. @returns {Promise<number>} how many pieces are laid aside now */
  async layReserve() {
    const laid = await this.#use((database) => database.getAllKeys("reserve"));
    try {
      for (let piece = 0; piece < RESERVE_PIECES; piece += 1)
        if (!laid.includes(piece))
          await this.write(["reserve"], (writing) => writing.put("reserve", piece, makePiece()));
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
    }
    return this.count("reserve");
  }

  /** Let go of the database. */
  close() {
    this.#database?.then(
      (database) => database.close(),
      () => {},
    );
    this.#database = null;
  }

  /** @returns {Promise<boolean>} whether there was any */
  async #releasePiece() {
    const [piece] = await this.#use((database) => database.getAllKeys("reserve", undefined, 1));
    if (piece === undefined) return false;
    await this.#use((database) =>
      writeOnce(database, ["reserve"], (writing) => writing.remove("reserve", piece), "strict"),
    );
    return true;
  }

  /**
   * @template T
   * @param {(database: Database) => Promise<T>} ask
   * @returns {Promise<T>}
   */
  async #use(ask) {
    try {
      return await ask(await this.#open());
    } catch (error) {
      if (!isDeadHandle(error)) throw error;
      this.close();
      return this.#useAgain(ask);
    }
  }

  /**
   * @template T
   * @param {(database: Database) => Promise<T>} ask
   * @returns {Promise<T>}
   */
  async #useAgain(ask) {
    try {
      return await ask(await this.#open());
    } catch (error) {
      if (isDeadHandle(error)) throw this.#lose("broken");
      throw error;
    }
  }

  #open() {
    if (this.#loss) return Promise.reject(new StoreLost(this.#loss));
    this.#database ??= this.#connect();
    return this.#database;
  }

  /** A database that was here and is now made anew was taken away: it is not made. */
  async #connect() {
    let isTaken = false;
    try {
      const database = await openDB(this.#name, VERSION, {
        upgrade: (database, before, _after, transaction) => {
          isTaken = this.#wasOpen && before === 0;
          if (isTaken) abort(transaction);
          else addStores(database);
        },
        blocking: (_current, wanted) => void this.#lose(wanted === null ? "taken" : "newer"),
        terminated: () => void this.#lookAgain(),
      });
      this.#wasOpen = true;
      return database;
    } catch (error) {
      this.#database = null;
      if (isTaken) throw this.#lose("taken");
      if (isNamed(error, "VersionError")) throw this.#lose("newer");
      throw error;
    }
  }

  /** The browser closed the connection: because it took everything away, or because it does so in the background. */
  async #lookAgain() {
    this.close();
    await this.#open().catch(() => {});
  }

  /** @param {Loss} why */
  #lose(why) {
    this.close();
    if (!this.#loss) {
      this.#loss = why;
      this.#onLost(why);
    }
    return new StoreLost(why);
  }
}

/** One transaction that writes. What fails in it is heard when it ends, and nothing of it is kept. */
export class Writing {
  #transaction;

  /** @param {import("idb").IDBPTransaction<any, string[], "readwrite">} transaction */
  constructor(transaction) {
    this.#transaction = transaction;
  }

  /** @param {string} store @param {IDBValidKey} key @returns {Promise<any>} */
  get(store, key) {
    return this.#transaction.objectStore(store).get(key);
  }

  /** @param {string} store @returns {Promise<IDBValidKey[]>} */
  keys(store) {
    return this.#transaction.objectStore(store).getAllKeys();
  }

  /** @param {string} store @param {IDBValidKey} key @param {unknown} value */
  put(store, key, value) {
    this.#transaction.objectStore(store).put(value, key).catch(heardAtTheEnd);
  }

  /** @param {string} store @param {IDBValidKey | IDBKeyRange} key */
  remove(store, key) {
    this.#transaction.objectStore(store).delete(key).catch(heardAtTheEnd);
  }

  /** @param {string} store */
  clear(store) {
    this.#transaction.objectStore(store).clear().catch(heardAtTheEnd);
  }
}

const heardAtTheEnd = () => {};

/**
 * @param {Database} database
 * @param {readonly string[]} stores
 * @param {(writing: Writing) => Promise<void> | void} work
 * @param {"strict" | "default"} durability
 */
async function writeOnce(database, stores, work, durability) {
  const transaction = database.transaction([...stores], "readwrite", { durability });
  const done = transaction.done.catch((error) => {
    throw transaction.error ?? error;
  });
  try {
    await Promise.all([work(new Writing(transaction)), done]);
  } catch (error) {
    abort(transaction);
    await done.catch(() => {});
    throw asNoRoom(error) ?? asNoRoom(transaction.error) ?? error;
  }
}

/** @param {{ abort: () => void, done: Promise<void> }} transaction */
function abort(transaction) {
  transaction.done.catch(heardAtTheEnd);
  try {
    transaction.abort();
  } catch {
    // It ended by itself.
  }
}

/** @param {Database} database */
function addStores(database) {
  for (const store of STORES) if (!database.objectStoreNames.contains(store)) database.createObjectStore(store);
}

/**
 * Random, because what repeats itself is written small; a file of its own, because its room is free as soon as it goes,
 * while the rows of a database leave room only when it is tidied up.
 */
const makePiece = () => new Blob([crypto.getRandomValues(new Uint8Array(PIECE_BYTES))]);

/** @param {unknown} error @param {...string} names */
const isNamed = (error, ...names) => error instanceof DOMException && names.includes(error.name);

/** @param {unknown} error */
const asNoRoom = (error) => (isNamed(error, "QuotaExceededError") ? new NoRoom("There is no room left") : null);

/** @param {unknown} error */
const isDeadHandle = (error) => isNamed(error, "InvalidStateError", "UnknownError");

/**
 * Every row of one copy.
 *
 * @param {string} copyId
 */
export const rowsOf = (copyId) => IDBKeyRange.bound([copyId], [copyId, []]);
