/** Who may read on a tablet, and until when (hazards H-54, H-55, H-56). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { newSigningKey } from "../../epaccs/static/js/tablet/keys.js";
import { ATTEMPTS } from "../../epaccs/static/js/tablet/members.js";
import { refusePassphrase } from "../../epaccs/static/js/tablet/passphrase.js";
import { calibrate } from "../../epaccs/static/js/tablet/slow.js";
import { Vault } from "../../epaccs/static/js/tablet/vault.js";
import { answerTo, aTablet, enrolled, HOUR, NOON, PASSPHRASE, quick } from "./register.js";

test("the right passphrase opens, after a lock and after the program was ended", async () => {
  const { vault, store, clock } = await aTablet();
  vault.lock();
  assert.equal(vault.unlocked, null);
  assert.deepEqual(await vault.unlock("u1", PASSPHRASE), { outcome: "unlocked", left: ATTEMPTS });
  const again = new Vault(store, clock, quick);
  assert.equal((await again.unlock("u1", PASSPHRASE)).outcome, "unlocked");
  assert.equal(again.unlocked.user.name, "User u1");
});

test("whoever listens hears of the lock, once", async () => {
  const { vault } = await aTablet();
  let heard = 0;
  vault.onLock(() => (heard += 1));
  vault.lock();
  vault.lock();
  assert.equal(heard, 1);
});

test("a wrong passphrase opens nothing and is counted, and a right one starts the count again", async () => {
  const { vault } = await aTablet();
  vault.lock();
  assert.deepEqual(await vault.unlock("u1", "another one entirely"), { outcome: "wrong", left: ATTEMPTS - 1 });
  assert.equal(vault.unlocked, null);
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "unlocked");
  vault.lock();
  assert.equal((await vault.unlock("u1", "another one entirely")).left, ATTEMPTS - 1);
});

test("the tenth wrong passphrase erases the keyring and leaves what is unsent", async () => {
  const { vault, store } = await aTablet();
  await store.write(["outbox"], (writing) => writing.put("outbox", "e1", { id: "e1" }));
  vault.lock();
  for (let time = 1; time < ATTEMPTS; time += 1) assert.equal((await vault.unlock("u1", "guess")).outcome, "wrong");
  assert.deepEqual(await vault.unlock("u1", "guess"), { outcome: "erased", left: 0 });
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "nobody");
  assert.equal((await store.all("outbox")).length, 1);
});

test("an attempt is counted before it is made", async () => {
  const { store, clock } = await aTablet();
  const dies = () => Promise.reject(new Error("the tablet lost its power"));
  await assert.rejects(new Vault(store, clock, dies).unlock("u1", "guess"));
  assert.equal((await store.get("keyring", "u1")).wrong, 1);
});

test("another user of the tablet has a keyring of their own", async () => {
  const { vault, store } = await aTablet("u1");
  const { secret } = await newSigningKey();
  await enrolled(vault, await answerTo("u2"), "five slow brown bears here", secret);
  vault.lock();
  assert.equal((await vault.unlock("u2", PASSPHRASE)).outcome, "wrong");
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "unlocked");
  assert.deepEqual(
    (await vault.members()).map((one) => one.id),
    ["u1", "u2"],
  );
  assert.equal((await store.get("keyring", "u2")).wrong, 1);
});

test("one user's keyring does not open in another's place", async () => {
  const { vault, store } = await aTablet("u1");
  const mine = await store.get("keyring", "u1");
  await store.write(["keyring"], (writing) => writing.put("keyring", "u2", { ...mine, id: "u2" }));
  vault.lock();
  await assert.rejects(vault.unlock("u2", PASSPHRASE));
  assert.equal(vault.unlocked, null);
});

test("a lease that has ended opens nothing", async () => {
  const { vault, hands } = await aTablet();
  assert.equal(vault.isInTime(), true);
  hands.passes(18 * HOUR);
  assert.equal(vault.isInTime(), false);
  vault.lock();
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "lease-ended");
  assert.equal(vault.unlocked, null);
});

test("a clock that was set back opens nothing", async () => {
  const { vault, hands } = await aTablet();
  hands.passes(17 * HOUR);
  vault.isInTime();
  hands.device -= 16 * HOUR;
  vault.lock();
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "lease-ended");
});

test("the glass is broken once for a lease, for four hours", async () => {
  const { vault, hands } = await aTablet();
  hands.passes(19 * HOUR);
  vault.lock();
  assert.equal((await vault.unlock("u1", PASSPHRASE, { breakGlass: true })).outcome, "unlocked");
  assert.equal(vault.unlocked.isBrokenGlass, true);
  hands.passes(3 * HOUR);
  vault.lock();
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "unlocked");
  hands.passes(2 * HOUR);
  assert.equal(vault.isInTime(), false);
  vault.lock();
  assert.equal((await vault.unlock("u1", PASSPHRASE, { breakGlass: true })).outcome, "lease-ended");
});

test("a wrong passphrase breaks no glass", async () => {
  const { vault, hands } = await aTablet();
  hands.passes(19 * HOUR);
  vault.lock();
  assert.equal((await vault.unlock("u1", "guess", { breakGlass: true })).outcome, "wrong");
});

test("a newer lease opens what an ended one did not", async () => {
  const { vault, hands } = await aTablet();
  hands.passes(19 * HOUR);
  vault.lock();
  const renew = () => answerTo("u1", { now: NOON + 19 * HOUR });
  assert.equal((await vault.unlock("u1", PASSPHRASE, { renew })).outcome, "unlocked");
  assert.equal(vault.isInTime(), true);
  assert.equal(vault.unlocked.isBrokenGlass, false);
});

test("a lease of somebody else renews nobody", async () => {
  const { vault, hands } = await aTablet();
  hands.passes(19 * HOUR);
  vault.lock();
  const renew = () => answerTo("u2", { now: NOON + 19 * HOUR });
  assert.equal((await vault.unlock("u1", PASSPHRASE, { renew })).outcome, "lease-ended");
});

test("a lease that the register did not sign is not taken", async () => {
  const { vault } = await aTablet();
  const answer = await answerTo("u1");
  const [head, , signature] = answer.lease.split(".");
  const forged = btoa(JSON.stringify({ device: "tablet-1", user: "u1", exp: 4e9, scopes: [] })).replaceAll("=", "");
  await assert.rejects(vault.renew({ ...answer, lease: `${head}.${forged}.${signature}` }));
  await assert.rejects(
    vault.renew({ ...(await answerTo("u1")), lease: (await answerTo("u1", { deviceId: "other" })).lease }),
  );
});

test("no key, no lease and no passphrase lies in the clear", async () => {
  const { store, vault } = await aTablet();
  const lease = vault.unlocked.lease;
  const kept = JSON.stringify([await store.all("keyring"), await store.all("meta")], (_, value) =>
    value instanceof ArrayBuffer ? Buffer.from(value).toString("latin1") : value,
  );
  for (const secret of [lease, lease.split(".")[2], PASSPHRASE, (await answerTo("u1")).scope_keys[0].key, '"d"']) {
    assert.equal(kept.includes(secret), false);
  }
  assert.equal(vault.unlocked.master.extractable, false);
  assert.equal(vault.unlocked.signing.extractable, false);
});

for (const [passphrase, isGood] of Object.entries({
  "four quiet grey herons": true,
  correcthorsebatt: true,
  Quiet7herons: true,
  "qH7!rr2x": true,
  herons: false,
  12345678: false,
  123456789012345: false,
  quietheron: false,
  aaaaaaaaaaaaaaaa: false,
  abcabcabcabcabc: false,
  "Pat Okonkwo1": false,
})) {
  test(`${passphrase} is ${isGood ? "" : "not "}taken for a passphrase`, () => {
    assert.equal(refusePassphrase(passphrase, ["Okonkwo", "Vehicle 4412"]) === null, isGood);
  });
}

test("a slow tablet takes a lighter way, never lighter than the least", async () => {
  for (const [speed, memory] of [
    [1, 64],
    [2000, 19],
  ]) {
    let now = 0;
    const slow = async () => {
      now += speed;
      return new Uint8Array(32);
    };
    const { way } = await calibrate("x", slow, () => now);
    assert.equal(way.memory, memory * 1024);
  }
});
