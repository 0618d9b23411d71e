/** What lies in the tablet's database: sealed, each row in its own place only, and whole pages or none (hazards H-53, H-55). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Copies, KeyMissing, Overtaken, RowSpoilt } from "../../epaccs/static/js/tablet/copies.js";
import { buildCursors } from "../../epaccs/static/js/tablet/feed.js";
import { newSigningKey } from "../../epaccs/static/js/tablet/keys.js";
import { NoRoom } from "../../epaccs/static/js/tablet/store.js";
import { answerTo, aPerson, aTablet, Feed, PASSPHRASE, SCOPE } from "./register.js";

async function aFilledTablet(count = 3) {
  const tablet = await aTablet();
  const feed = new Feed();
  for (let number = 1; number <= count; number += 1) feed.put(aPerson(number));
  await pull(tablet.copies, feed);
  return { ...tablet, feed };
}

const pull = async (copies, feed, limit) => copies.take(await feed.page(buildCursors([...copies.places])[0], limit));
const versions = (copies) => new Map([...copies.people()].map(([id, one]) => [id, one.version]));

async function everything(store) {
  const kept = [];
  for (const name of ["rows", "index", "cursors", "meta"]) kept.push(await store.all(name));
  kept.push(await rowKeys(store));
  return JSON.stringify(kept, (_, value) =>
    value instanceof ArrayBuffer ? Buffer.from(value).toString("latin1") : value,
  );
}

test("people are read again after a lock, under the keys alone", async () => {
  const { vault, copies, feed } = await aFilledTablet();
  vault.lock();
  assert.equal(copies.people().size, 0);
  await vault.unlock("u1", PASSPHRASE);
  await copies.load();
  assert.deepEqual(versions(copies), feed.people());
  const known = copies.people().get(aPerson(2).id);
  assert.equal((await copies.openRow(known)).card.name, "CANARY, Person 2");
});

test("no name, number or id of a person lies in the clear", async () => {
  const { store } = await aFilledTablet();
  const kept = await everything(store);
  for (const secret of ["CANARY", "canary1", "9990000001", aPerson(1).id, "1941-01-06"])
    assert.equal(kept.includes(secret), false, secret);
});

test("a row in another's place does not open", async () => {
  const { store, copies } = await aFilledTablet();
  const keys = await store.get("meta", "device_id").then(() => rowKeys(store));
  const rows = await store.all("rows");
  await store.write(["rows"], (writing) => {
    for (const [place, key] of keys.entries()) writing.put("rows", key, rows[(place + 1) % rows.length]);
  });
  for (const known of copies.people().values()) await assert.rejects(copies.openRow(known), RowSpoilt);
});

test("an older row of the same person does not open in place of a newer one", async () => {
  const { store, copies, feed } = await aFilledTablet(1);
  const [key] = await rowKeys(store);
  const [old] = await store.all("rows");
  feed.put(aPerson(1, 2));
  await pull(copies, feed);
  await store.write(["rows"], (writing) => writing.put("rows", key, old));
  await assert.rejects(copies.openRow(copies.people().get(aPerson(1).id)), RowSpoilt);
});

test("a row that was changed on the disk does not open", async () => {
  const { store, copies } = await aFilledTablet(1);
  const [key] = await rowKeys(store);
  const row = await store.get("rows", key);
  new Uint8Array(row.box)[3] ^= 1;
  await store.write(["rows"], (writing) => writing.put("rows", key, row));
  await assert.rejects(copies.openRow(copies.people().get(aPerson(1).id)), RowSpoilt);
});

test("a copy of which rows are gone is not whole, and is fetched again beside the old one", async () => {
  const { store, copies, feed } = await aFilledTablet();
  assert.equal(await copies.isWhole(), true);
  const [key] = await rowKeys(store);
  await store.write(["rows"], (writing) => writing.remove("rows", key));
  assert.equal(await copies.isWhole(), false);
  await copies.startAgain();
  assert.equal(copies.people().size, 3);
  await pull(copies, feed);
  assert.equal(await copies.isWhole(), true);
  assert.equal((await store.all("rows")).length, 3);
});

test("a page for which there is no room leaves everything as it was", async () => {
  const { store, copies, feed } = await aFilledTablet();
  const before = await everything(store);
  feed.put(aPerson(9));
  const write = store.write.bind(store);
  store.write = (stores, work) =>
    write(stores, async (writing) => {
      await work(writing);
      throw new DOMException("full", "QuotaExceededError");
    });
  await assert.rejects(pull(copies, feed), NoRoom);
  store.write = write;
  assert.equal(await everything(store), before);
  await pull(copies, feed);
  assert.deepEqual(versions(copies), feed.people());
});

test("of two windows that fetched the same page, one writes", async () => {
  const { store, vault, copies, feed } = await aFilledTablet();
  const other = new Copies(store, vault);
  await other.load();
  feed.put(aPerson(9));
  await pull(copies, feed);
  await assert.rejects(pull(other, feed), Overtaken);
  await other.load();
  assert.deepEqual(versions(other), feed.people());
});

test("a scope that began again under another key waits for the key", async () => {
  const { vault, copies, feed } = await aFilledTablet();
  feed.epoch = "1.2.aa";
  await assert.rejects(pull(copies, feed), KeyMissing);
  assert.equal(copies.people().size, 3);
  await vault.renew(await answerTo("u1", { epoch: "1.2" }));
  await pull(copies, feed);
  assert.deepEqual(versions(copies), feed.people());
});

test("a half-filled copy is kept over a lock, and the old one is read meanwhile", async () => {
  const { vault, copies, feed } = await aFilledTablet(5);
  feed.epoch = "1.1.bb";
  await pull(copies, feed, 2);
  vault.lock();
  await vault.unlock("u1", PASSPHRASE);
  await copies.load();
  assert.equal(copies.people().size, 5);
  assert.deepEqual(buildCursors([...copies.places])[0].epoch, "1.1.bb");
  await pull(copies, feed, 2);
  await pull(copies, feed, 2);
  assert.equal(copies.places[0].next, null);
});

test("what no user may read any more is thrown away", async () => {
  const { store, copies } = await aFilledTablet();
  await copies.tidy([copies.places[0].name]);
  assert.equal((await store.all("rows")).length, 3);
  await copies.tidy([]);
  for (const name of ["rows", "index", "cursors"]) assert.deepEqual(await store.all(name), []);
});

test("another user of the same audience reads the same rows; of another tier they are copies of their own", async () => {
  const { vault, copies } = await aFilledTablet();
  const { secret } = await newSigningKey();
  await vault.enrol(await answerTo("u2"), "five slow brown bears here", secret);
  await copies.load();
  assert.equal(copies.people().size, 3);
  await vault.enrol(await answerTo("u3", { tier: "full" }), "six small red foxes here", secret);
  await copies.load();
  assert.equal(copies.people().size, 0);
  assert.deepEqual(buildCursors([...copies.places]), [{ scope: SCOPE, tier: "full", epoch: null, number: 0 }]);
});

async function rowKeys(store) {
  const keys = [];
  await store.write(["rows"], async (writing) => {
    keys.push(...(await writing.keys("rows")));
  });
  return keys;
}
