/**
 * The tablet's database: what is kept between two days, all of it sealed or of no person (docs/offline.md).
 *
 * A connection dies in the background of some systems, and the browser may take everything away while a page is open:
 * a dead handle is reopened once, and what is gone is said (`onLost`).
 */

import * as library from "../../vendor/idb/idb.js";

/** @typedef {import("idb").IDBPDatabase<any>} Database */

const { openDB } = /** @type {typeof import("idb")} */ (/** @type {unknown} */ (library));

export const DATABASE_NAME = "epaccs-tablet";
const VERSION = 1;

/**
 * rows: sealed people, by copy and name. index: what a copy is searched by, sealed. cursors: how far each copy is.
 * outbox, audit: what was written and read here and is not yet sent. keyring: the users. meta: everything else.
 */
export const STORES = /** @type {const} */ (["rows", "index", "cursors", "outbox", "audit", "keyring", "meta"]);

/** There is no room left: nothing of the transaction was kept. */
export class NoRoom extends Error {}

/** The browser took the tablet's data away, or another page needs the database: reload. */
export class StoreLost extends Error {}

export class Store {
  #name;
  #onLost;
  /** @type {Database | null} */
  #database = null;

  /**
   * @param {string} name
   * @param {() => void} onLost the connection was closed by the browser, or another page brings a newer database
   */
  constructor(name = DATABASE_NAME, onLost = () => {}) {
    this.#name = name;
    this.#onLost = onLost;
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
   * @returns {Promise<any[]>}
   */
  all(store) {
    return this.#use((database) => database.getAll(store));
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
   * Everything that the function asks for is kept, or nothing. It waits for nothing but the database.
   *
   * @param {readonly string[]} stores
   * @param {(writing: Writing) => Promise<void> | void} work
   * @param {"strict" | "default"} durability strict: it has reached the disk when this is over
   * @returns {Promise<void>}
   */
  async write(stores, work, durability = "default") {
    await this.#use((database) => writeOnce(database, stores, work, durability));
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

  /** Let go of the database. */
  close() {
    this.#database?.close();
    this.#database = null;
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
      return ask(await this.#open());
    }
  }

  async #open() {
    this.#database ??= await openDB(this.#name, VERSION, {
      upgrade: (database) => {
        for (const store of STORES) if (!database.objectStoreNames.contains(store)) database.createObjectStore(store);
      },
      blocking: () => this.#lose(),
      terminated: () => this.#lose(),
    });
    return this.#database;
  }

  #lose() {
    this.close();
    this.#onLost();
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

/** @param {{ abort: () => void }} transaction */
function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // It ended by itself.
  }
}

/** @param {unknown} error */
const asNoRoom = (error) =>
  error instanceof DOMException && error.name === "QuotaExceededError" ? new NoRoom("There is no room left") : null;

/** @param {unknown} error */
const isDeadHandle = (error) =>
  error instanceof DOMException && ["InvalidStateError", "UnknownError"].includes(error.name);

/**
 * Every row of one copy.
 *
 * @param {string} copyId
 */
export const rowsOf = (copyId) => IDBKeyRange.bound([copyId], [copyId, []]);
