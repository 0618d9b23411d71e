/** A device with little room: what is written is counted, and what does not fit is refused as a browser refuses it. */

import "fake-indexeddb/auto";

const { put, delete: remove } = IDBObjectStore.prototype;

export class Device {
  /** @type {Map<string, number>} what lies there, by its place */
  sizes = new Map();
  /** How many bytes are left. */
  room = Number.POSITIVE_INFINITY;

  /** From here on. */
  starts() {
    const device = this;
    IDBObjectStore.prototype.put = function (value, key) {
      device.#take(this, key, sizeOf(value));
      return put.call(this, value, key);
    };
    IDBObjectStore.prototype.delete = function (key) {
      if (!(key instanceof IDBKeyRange)) device.#take(this, key, 0);
      return remove.call(this, key);
    };
    return this;
  }

  /** As many bytes as that are left now, whatever lies there. */
  fillsUpTo(bytes) {
    this.room = bytes;
  }

  #take(store, key, size) {
    const place = JSON.stringify([store.transaction.db.name, store.name, key]);
    const before = this.sizes.get(place) ?? 0;
    if (size - before > this.room) throw new DOMException("full", "QuotaExceededError");
    this.room -= size - before;
    this.sizes.set(place, size);
    store.transaction.addEventListener("abort", () => {
      this.room += size - before;
      this.sizes.set(place, before);
    });
  }
}

function sizeOf(value) {
  if (value instanceof Blob) return value.size;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null).length;
  return Object.values(value).reduce((sum, part) => sum + sizeOf(part), 2);
}
