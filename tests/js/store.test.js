/** Storage that fails is said, and nothing is taken for kept that is not (hazard H-57). */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Outbox } from "../../epaccs/static/js/tablet/outbox.js";
import { NoRoom, PIECE_BYTES, RESERVE_PIECES, Store, StoreLost } from "../../epaccs/static/js/tablet/store.js";
import { Device } from "./device.js";
import { aTablet, newLock } from "./register.js";

const DRAFT = {
  entry_id: "00000000-0000-7000-8000-000000000001",
  section: "cpr",
  kind: "original_seen",
  body: { place: "On the fridge" },
  base_version: 1,
  decided_at: "2026-11-21T11:30:00.000000Z",
  seen: { version: 1, as_at: "2026-11-21T11:00:00.000000Z" },
  reason: "emergency",
  identifiers_checked: [],
};

const { transaction } = IDBDatabase.prototype;
const untouched = { put: IDBObjectStore.prototype.put, delete: IDBObjectStore.prototype.delete };
afterEach(() => {
  IDBDatabase.prototype.transaction = transaction;
  Object.assign(IDBObjectStore.prototype, untouched);
});

/** A store that was used once, and what it said of its end. */
async function aStore() {
  const said = [];
  const name = `store-${crypto.randomUUID()}`;
  const store = new Store(name, (why) => said.push(why));
  await store.setMeta({ device_id: "tablet-1" });
  return { store, name, said };
}

/** The connection is dead for as many questions. */
function dies(times, name = "InvalidStateError") {
  let left = times;
  IDBDatabase.prototype.transaction = function (...of) {
    left -= 1;
    if (left >= 0) throw new DOMException("dead", name);
    return transaction.apply(this, of);
  };
}

for (const name of ["InvalidStateError", "UnknownError"]) {
  test(`a dead connection is opened again, once: ${name}`, async () => {
    const { store, said } = await aStore();
    dies(1, name);
    assert.equal(await store.meta("device_id"), "tablet-1");
    assert.deepEqual(said, []);
  });
}

test("a connection that is dead twice is said, and nothing is read or kept any more", async () => {
  const { store, said } = await aStore();
  dies(2);
  await assert.rejects(store.setMeta({ kept: true }), StoreLost);
  await assert.rejects(store.meta("device_id"), StoreLost);
  await assert.rejects(store.setMeta({ kept: true }), StoreLost);
  assert.deepEqual(said, ["broken"]);
});

test("what was taken away is said, and no empty database stands in its place", async () => {
  const { store, name, said } = await aStore();
  store.close();
  await new Promise((done) => (indexedDB.deleteDatabase(name).onsuccess = done));
  await assert.rejects(store.meta("device_id"), StoreLost);
  await assert.rejects(store.count("outbox"), StoreLost);
  assert.deepEqual(said, ["taken"]);
  assert.deepEqual(
    (await indexedDB.databases()).filter((one) => one.name === name),
    [],
  );
});

test("an older window lets go of the database, and says that a newer one runs", async () => {
  const { store, name, said } = await aStore();
  const newer = await new Promise((done, failed) => {
    const opening = indexedDB.open(name, 99);
    opening.onsuccess = () => done(opening.result);
    opening.onblocked = failed;
  });
  await assert.rejects(store.setMeta({ kept: true }), StoreLost);
  newer.close();
  assert.deepEqual(said, ["newer"]);
});

test("an older program does not open a newer database", async () => {
  const { store, name } = await aStore();
  store.close();
  const newer = await new Promise((done) => {
    const opening = indexedDB.open(name, 99);
    opening.onsuccess = () => done(opening.result);
  });
  newer.close();
  const said = [];
  await assert.rejects(new Store(name, (why) => said.push(why)).meta("device_id"), StoreLost);
  assert.deepEqual(said, ["newer"]);
});

test("what must be kept is kept where there is no room left, a piece of the reserve at a time", async () => {
  const device = new Device().starts();
  const { store } = await aStore();
  assert.equal(await store.layReserve(), RESERVE_PIECES);
  device.fillsUpTo(10);
  await assert.rejects(store.setMeta({ words: "x".repeat(500) }), NoRoom);
  assert.equal(await store.count("reserve"), RESERVE_PIECES);
  await assert.doesNotReject(
    store.write(["meta"], (writing) => writing.put("meta", "words", "x".repeat(500)), "strict"),
  );
  assert.equal(await store.count("reserve"), RESERVE_PIECES - 1);
  await store.write(
    ["meta"],
    (writing) => writing.put("meta", "photo", new Blob(["x".repeat(2.5 * PIECE_BYTES)])),
    "strict",
  );
  assert.equal(await store.count("reserve"), RESERVE_PIECES - 3);
});

test("when the reserve is used up too, it is said and nothing is kept", async () => {
  const device = new Device().starts();
  const { store } = await aStore();
  device.fillsUpTo(10);
  assert.equal(await store.layReserve(), 0);
  const write = store.write(["meta"], (writing) => writing.put("meta", "words", "x".repeat(500)), "strict");
  await assert.rejects(write, NoRoom);
  assert.equal(await store.meta("words"), undefined);
});

test("the reserve is laid aside again when there is room", async () => {
  const device = new Device().starts();
  const { store } = await aStore();
  device.fillsUpTo(3 * PIECE_BYTES);
  assert.equal(await store.layReserve(), 3);
  device.fillsUpTo(Number.POSITIVE_INFINITY);
  assert.equal(await store.layReserve(), RESERVE_PIECES);
});

test("an entry is kept on a full device, and again when its answer was lost it is there once", async () => {
  const device = new Device().starts();
  const { store, vault, clock } = await aTablet();
  await store.layReserve();
  device.fillsUpTo(0);
  const outbox = new Outbox(store, vault, clock, newLock());
  await outbox.append(DRAFT, "words");
  const write = store.write.bind(store);
  store.write = async (...of) => {
    await write(...of);
    return write(...of);
  };
  await assert.doesNotReject(outbox.append(DRAFT, "more words"));
  assert.deepEqual(
    (await outbox.rows()).map((row) => row.sequence),
    [1, 2],
  );
});
