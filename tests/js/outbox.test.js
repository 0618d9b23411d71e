/** What was written is sent once and under its author, is never erased by accident, and is read by nobody else (hazards H-54, H-56). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Audit } from "../../epaccs/static/js/tablet/audit.js";
import { fromBase64url, toBytes, toText } from "../../epaccs/static/js/tablet/bytes.js";
import { canonicalJson } from "../../epaccs/static/js/tablet/canonical.js";
import { digest, newSigningKey } from "../../epaccs/static/js/tablet/keys.js";
import { Outbox } from "../../epaccs/static/js/tablet/outbox.js";
import { NoRoom } from "../../epaccs/static/js/tablet/store.js";
import { Tablet } from "../../epaccs/static/js/tablet/tablet.js";
import { answerTo, aPerson, aTablet, enrolled, HOUR, NOON, newLock, PASSPHRASE, sealPair } from "./register.js";

const DRAFT = {
  entry_id: "00000000-0000-7000-8000-000000000001",
  section: "cpr",
  kind: "own_withdrawal",
  body: { words: "CANARY: I want to live", had_capacity: "yes" },
  base_version: 5,
  decided_at: "2026-11-21T11:30:00.000000Z",
  seen: { version: 41, as_at: "2026-11-21T11:00:00.000000Z" },
  reason: "cannot_ask",
  identifiers_checked: ["name", "born"],
};

async function aWritingTablet() {
  const tablet = await aTablet("u1");
  const lock = newLock();
  const outbox = new Outbox(tablet.store, tablet.vault, tablet.clock, lock);
  return { ...tablet, lock, outbox, audit: new Audit(tablet.store, tablet.vault, lock) };
}

/** As the register opens it. */
async function opened({ id, epk, iv, box }) {
  const theirs = await crypto.subtle.importKey("jwk", epk, { name: "ECDH", namedCurve: "P-256" }, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, sealPair.privateKey, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: toBytes("epaccs tablet seal") };
  const key = await crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const gcm = { name: "AES-GCM", iv: fromBase64url(iv), additionalData: toBytes(id) };
  return JSON.parse(toText(await crypto.subtle.decrypt(gcm, key, fromBase64url(box))));
}

async function isSignedBy(shown, { signature, ...unsigned }) {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", shown, curve, false, ["verify"]);
  return crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-256" },
    key,
    fromBase64url(signature),
    toBytes(canonicalJson(unsigned)),
  );
}

test("an edit is sealed to the register and signed by its author", async () => {
  const { outbox, userKey } = await aWritingTablet();
  const row = await outbox.append(DRAFT, "words");
  const edit = await opened(row.forRegister);
  assert.equal(edit.author_id, "u1");
  assert.equal(edit.sequence, 1);
  assert.deepEqual(edit.body, DRAFT.body);
  assert.equal(await isSignedBy(userKey, edit), true);
  assert.equal(await isSignedBy(userKey, { ...edit, author_id: "u2" }), false);
});

test("what is sealed under one id opens under no other", async () => {
  const { outbox } = await aWritingTablet();
  const row = await outbox.append(DRAFT, "words");
  await assert.rejects(opened({ ...row.forRegister, id: crypto.randomUUID() }));
});

test("edits are numbered without a gap, however many windows write at once", async () => {
  const { outbox, store, vault, clock, lock } = await aWritingTablet();
  const other = new Outbox(store, vault, clock, lock);
  await Promise.all([1, 2, 3, 4, 5, 6].map((one) => (one % 2 ? outbox : other).append(DRAFT, `${one}`)));
  assert.deepEqual(
    (await outbox.rows()).map((row) => row.sequence),
    [1, 2, 3, 4, 5, 6],
  );
});

test("an edit that could not be kept takes no number, and says so", async () => {
  const { outbox, store } = await aWritingTablet();
  const write = store.write.bind(store);
  store.write = async () => {
    throw new NoRoom("full");
  };
  await assert.rejects(outbox.append(DRAFT, "words"), NoRoom);
  store.write = write;
  assert.equal((await outbox.append(DRAFT, "words")).sequence, 1);
});

test("a second edit of the same section names the first, until a copy shows that", async () => {
  const { outbox } = await aWritingTablet();
  const first = await outbox.append(DRAFT, "first");
  const second = await outbox.append({ ...DRAFT, kind: "review_asked" }, "second");
  const elsewhere = await outbox.append({ ...DRAFT, section: "observations" }, "third");
  assert.equal((await opened(second.forRegister)).after_id, first.id);
  assert.equal((await opened(elsewhere.forRegister)).after_id, null);
  await outbox.settle([{ id: second.id, outcome: "held" }], NOON);
  assert.equal((await opened((await outbox.append(DRAFT, "fourth")).forRegister)).after_id, second.id);
  const later = { ...DRAFT, kind: "x", entry_id: aPerson(2).id };
  const other = await outbox.append(later, "fifth");
  await outbox.settle([{ id: other.id, outcome: "applied" }], NOON - 3_600_000 - 1);
  assert.equal((await opened((await outbox.append(later, "sixth")).forRegister)).after_id, null);
});

test("wrong person names no edit before it, because it arrives before it", async () => {
  const { outbox } = await aWritingTablet();
  await outbox.append(DRAFT, "words");
  const row = await outbox.append({ ...DRAFT, kind: "wrong_person_flag", body: {} }, "words");
  assert.equal((await opened(row.forRegister)).after_id, null);
  assert.equal(row.isFirst, true);
});

test("an edit leaves only with a result, and is shown until a copy knows of it", async () => {
  const { outbox } = await aWritingTablet();
  const row = await outbox.append(DRAFT, "words");
  await outbox.forgetSent(NOON + 1e9);
  await outbox.dismiss(row.id);
  assert.equal((await outbox.waiting()).length, 1);
  await outbox.settle([{ id: row.id, outcome: "applied" }], NOON + 1000);
  assert.equal((await outbox.waiting()).length, 0);
  assert.equal((await outbox.about(DRAFT.entry_id))[0].row.state, "sent");
  await outbox.forgetSent(NOON + 1000);
  assert.equal((await outbox.rows()).length, 1);
  await outbox.forgetSent(NOON + 1001);
  assert.equal((await outbox.rows()).length, 0);
});

test("what was sent is kept sealed for a week, in case the register is restored from before, and nobody is shown it", async () => {
  const { outbox, store } = await aWritingTablet();
  const row = await outbox.append(DRAFT, "words");
  await outbox.settle([{ id: row.id, outcome: "applied" }], NOON);
  await outbox.forgetSent(NOON + 1);
  assert.deepEqual(await outbox.own(), []);
  assert.equal((await store.all("outbox")).length, 1);
  await outbox.forgetSent(NOON + 7 * 24 * HOUR + 1);
  assert.equal((await store.all("outbox")).length, 0);
});

for (const outcome of ["failed", "something new", ""]) {
  test(`an outcome that settles nothing leaves the edit waiting: ${outcome || "none"}`, async () => {
    const { outbox } = await aWritingTablet();
    const row = await outbox.append(DRAFT, "words");
    await outbox.settle(
      [
        { id: row.id, outcome },
        { id: "of somebody else", outcome: "applied" },
      ],
      NOON,
    );
    assert.deepEqual(
      (await outbox.waiting()).map((one) => one.forRegister),
      [row.forRegister],
    );
  });
}

test("what is held stays with its author until they have read it", async () => {
  const { outbox } = await aWritingTablet();
  const row = await outbox.append(DRAFT, "words");
  await outbox.settle([{ id: row.id, outcome: "held" }], NOON);
  await outbox.forgetSent(NOON + 1e9);
  assert.equal((await outbox.own())[0].row.state, "held");
  await outbox.dismiss(row.id);
  assert.deepEqual(await outbox.rows(), []);
});

test("why the register refused is read by the author alone, and the text stays", async () => {
  const { outbox, vault, store } = await aWritingTablet();
  const row = await outbox.append(DRAFT, "words");
  await outbox.settle(
    [{ id: row.id, outcome: "refused", errors: [{ message: "CANARY: enter it again", field: null }] }],
    NOON,
  );
  const [own] = await outbox.own();
  assert.deepEqual(own.sentences, ["CANARY: enter it again"]);
  assert.equal(own.words, "words");
  assert.equal(JSON.stringify(await store.all("outbox")).includes("CANARY"), false);
  vault.lock();
  assert.deepEqual(await outbox.own(), []);
});

test("a refusal that came while the author was away is asked for again", async () => {
  const { outbox, vault } = await aWritingTablet();
  const row = await outbox.append(DRAFT, "words");
  vault.lock();
  await outbox.settle([{ id: row.id, outcome: "refused", errors: ["enter it again"] }], NOON);
  await vault.unlock("u1", PASSPHRASE);
  const [own] = await outbox.own();
  assert.equal(own.row.state, "refused");
  assert.ok(own.row.forRegister);
  await outbox.settle([{ id: row.id, outcome: "refused", errors: ["enter it again"] }], NOON);
  assert.deepEqual((await outbox.own())[0].sentences, ["enter it again"]);
});

test("another user sees that something waits, and neither what it is nor whose it is about", async () => {
  const { outbox, vault } = await aWritingTablet();
  const row = await outbox.append(DRAFT, "words");
  const { secret } = await newSigningKey();
  await enrolled(vault, await answerTo("u2"), "five slow brown bears here", secret);
  const opened = await outbox.own().catch(() => "another's was tried");
  assert.deepEqual(opened, []);
  assert.deepEqual(await outbox.about(DRAFT.entry_id), []);
  assert.equal(await outbox.ofOthers("u2"), 1);
  await outbox.settle([{ id: row.id, outcome: "held" }], NOON);
  await outbox.dismiss(row.id);
  assert.equal((await outbox.rows()).length, 1);
});

test("nothing is written while the tablet is locked", async () => {
  const { outbox, vault, audit } = await aWritingTablet();
  vault.lock();
  await assert.rejects(outbox.append(DRAFT, "words"));
  await assert.rejects(audit.append({ act: "card_viewed" }));
});

test("looks are chained, sealed and signed, and wait until the register has them", async () => {
  const { audit, userKey } = await aWritingTablet();
  await audit.append({ act: "searched", count: 3 });
  await audit.append({ act: "card_viewed", entry_id: DRAFT.entry_id, version: 41, reason: "cannot_ask" });
  const rows = await audit.waiting();
  const [first, second] = await Promise.all(rows.map((row) => opened(row.forRegister)));
  assert.equal(first.previous, "");
  const { signature: _, ...words } = first;
  assert.equal(second.previous, await digest(words));
  assert.equal(await isSignedBy(userKey, second), true);
  assert.equal(JSON.stringify(rows).includes(DRAFT.entry_id), false);
  await audit.acknowledge(1, NOON);
  assert.deepEqual(
    (await audit.waiting()).map((row) => row.sequence),
    [2],
  );
  assert.equal((await audit.append({ act: "searched" })).sequence, 3);
});

test("looks that were sent are kept sealed for a week, are offered again, and then go", async () => {
  const { audit, store } = await aWritingTablet();
  const numbers = async () => (await audit.waiting()).map((row) => row.sequence);
  for (const _ of [1, 2, 3]) await audit.append({ act: "searched" });
  await audit.acknowledge(1, NOON);
  await audit.acknowledge(2, NOON + 24 * HOUR);
  assert.deepEqual(await numbers(), [3]);

  await audit.offerAgain();
  assert.deepEqual(await numbers(), [1, 2, 3]);
  await audit.acknowledge(2, NOON + 48 * HOUR);
  assert.deepEqual(await numbers(), [3]);
  assert.equal(await store.count("audit"), 3);

  await audit.forgetSent(NOON + 9 * 24 * HOUR);
  assert.equal(await store.count("audit"), 3);
  await audit.forgetSent(NOON + 9 * 24 * HOUR + HOUR);
  assert.deepEqual(
    (await store.all("audit")).map((row) => row.sequence),
    [3],
  );
});

test("what was refused and entered again goes off the list, and the book says so", async () => {
  const { outbox, audit } = await aWritingTablet();
  const refused = await outbox.append(DRAFT, "words");
  await outbox.settle([{ id: refused.id, outcome: "refused", errors: ["enter it again"] }], NOON);
  const again = await outbox.append(DRAFT, "other words");
  const looks = [];
  const book = { append: async (look) => looks.push(look) && audit.append(look) };
  const tablet = { outbox, audit: book, open: { known: { id: DRAFT.entry_id } } };
  await Tablet.prototype.markEnteredAgain.call(tablet, refused.id);
  assert.deepEqual(
    (await outbox.own()).map(({ row }) => row.id),
    [again.id],
  );
  assert.deepEqual(looks, [{ act: "entered_again", entry_id: DRAFT.entry_id, edit: refused.id }]);
  assert.equal((await audit.waiting()).length, 1);
});
