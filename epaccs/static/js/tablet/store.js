/**
 * The tablet's database: what is kept between two days, all of it sealed or of no person (docs/offline.md).
 *
 * A connection dies in the background of some systems, and the browser may take everything away while a page is open:
 * a dead handle is reopened once, and what is gone is said (`onLost`).
 */

import * as library from "../../vendor/idb/idb.js";

/** @typedef {import("idb").IDBPDatabase<any>} Database */
/** @typedef {import("idb").IDBPTransaction<any, string[], "readwrite">} Writing */

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
   * @param {(transaction: Writing) => Promise<void> | void} work
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
    return this.write(["meta"], (transaction) => putMeta(transaction, values));
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

/**
 * @param {Database} database
 * @param {readonly string[]} stores
 * @param {(transaction: Writing) => Promise<void> | void} work
 * @param {"strict" | "default"} durability
 */
async function writeOnce(database, stores, work, durability) {
  const transaction = /** @type {Writing} */ (database.transaction([...stores], "readwrite", { durability }));
  const done = transaction.done.catch((error) => {
    throw transaction.error ?? error;
  });
  try {
    await Promise.all([work(transaction), done]);
  } catch (error) {
    abort(transaction);
    await done.catch(() => {});
    throw asNoRoom(error) ?? asNoRoom(transaction.error) ?? error;
  }
}

/** @param {Writing} transaction */
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
 * @param {Writing} transaction
 * @param {Record<string, unknown>} values by key
 */
export function putMeta(transaction, values) {
  const store = transaction.objectStore("meta");
  for (const [key, value] of Object.entries(values)) store.put?.(value, key);
}

/**
 * Every row of one copy.
 *
 * @param {string} copyId
 */
export const rowsOf = (copyId) => IDBKeyRange.bound([copyId], [copyId, []]);
