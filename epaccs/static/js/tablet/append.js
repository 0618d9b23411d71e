/**
 * Numbered books that only grow: one number after the other with no gap, whatever ends in between, and on the disk before
 * anybody is told that it is kept.
 */

/** @typedef {(work: () => Promise<void>) => Promise<void>} OneAtATime */

/** @type {OneAtATime} one page of this tablet at a time, for as long as the work takes */
export const oneAtATime = async (work) => {
  await navigator.locks.request("epaccs-append", work);
};

/**
 * Take the next number, make the entry, and keep both together. A store whose answer was lost may have kept them already.
 *
 * @template T
 * @param {import("./store.js").Store} store
 * @param {OneAtATime} lock
 * @param {string} book "outbox" or "audit"
 * @param {(number: number, before: string) => Promise<{ key: IDBValidKey, row: T, mark: string }>} make mark: what the entry after it names as the one before
 * @returns {Promise<T>}
 */
export async function append(store, lock, book, make) {
  /** @type {T | undefined} */
  let kept;
  await lock(async () => {
    const last = (await store.meta(`${book}_last`)) ?? { number: 0, mark: "" };
    const { key, row, mark } = await make(last.number + 1, last.mark);
    await store.write(
      [book, "meta"],
      async (writing) => {
        const now = (await writing.get("meta", `${book}_last`)) ?? { number: 0 };
        if (now.number === last.number + 1 && now.mark === mark && (await writing.get(book, key))) return;
        if (now.number !== last.number) throw new Error("Another page took the number");
        writing.put(book, key, row);
        writing.put("meta", `${book}_last`, { number: last.number + 1, mark });
      },
      "strict",
    );
    kept = row;
  });
  return /** @type {T} */ (kept);
}
