/** What opens a keyring: the passphrase always, the device's own lock beside it (hazards H-55 and H-59). */

import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { test } from "node:test";
import { theDevice } from "../../epaccs/static/js/tablet/authenticator.js";
import { findFleeting, findUnfit } from "../../epaccs/static/js/tablet/fitness.js";
import { newSigningKey, open, seal } from "../../epaccs/static/js/tablet/keys.js";
import { ATTEMPTS, openersOf } from "../../epaccs/static/js/tablet/members.js";
import { refuseChosen, refusePassphrase } from "../../epaccs/static/js/tablet/passphrase.js";
import { slowly } from "../../epaccs/static/js/tablet/slow.js";
import { Vault } from "../../epaccs/static/js/tablet/vault.js";
import { Platform } from "./platform.js";
import { answerTo, aTablet, enrolled, Hands, HOUR, NOON, PASSPHRASE, quick } from "./register.js";

const POLICY = { unlock: ["prf", "passphrase"], passphrase_length: 8 };
const OTHER = "five slow brown bears here";

/** A tablet whose user may unlock with the device; `added`: and does. */
async function aDevice({ added = true, policy = POLICY } = {}) {
  const platform = new Platform();
  const tablet = await aTablet("u1", new Hands(), { device: theDevice(platform), policy });
  if (added) assert.equal((await tablet.vault.addDevice(PASSPHRASE)).outcome, "unlocked");
  return { ...tablet, platform, member: () => tablet.store.get("keyring", "u1") };
}

/** A store that waits before its next write, from `arrives` to `goesOn`. */
function withPauses(store) {
  let [pause, came, goesOn] = [Promise.resolve(), () => {}, () => {}];
  const arrives = () =>
    new Promise((resolve) => {
      came = resolve;
      pause = new Promise((go) => (goesOn = go));
    });
  const write = async (...how) => {
    came();
    await pause;
    return store.write(...how);
  };
  const slowStore = { get: (...what) => store.get(...what), write };
  return { slowStore, arrives, goesOn: () => goesOn() };
}

/** As in a browser that is set to run no WebAssembly. */
function withoutWebAssembly(t) {
  const { WebAssembly } = globalThis;
  delete globalThis.WebAssembly;
  t.after(() => Object.assign(globalThis, { WebAssembly }));
}

// --- The device ---

test("whoever added the device unlocks with it, and with the passphrase as before", async () => {
  const { vault, platform, member } = await aDevice();
  vault.lock();
  assert.equal((await vault.unlockByDevice("u1")).outcome, "unlocked");
  assert.equal(vault.unlocked.user.id, "u1");
  assert.equal(vault.unlocked.master.extractable, false);
  vault.lock();
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "unlocked");
  assert.deepEqual(openersOf(await member()), ["argon2id", "prf"]);
  assert.equal(platform.made.length, 1);
});

test("a device that gives its key only when it is asked again is asked again", async () => {
  const { vault, platform } = await aDevice({ added: false });
  platform.givesAtOnce = false;
  await vault.addDevice(PASSPHRASE);
  vault.lock();
  assert.equal((await vault.unlockByDevice("u1")).outcome, "unlocked");
});

test("the device is asked to look who holds it, and its credential names nobody", async () => {
  const { platform } = await aDevice();
  const [asked] = platform.made;
  assert.equal(asked.authenticatorSelection.userVerification, "required");
  assert.equal(asked.authenticatorSelection.authenticatorAttachment, "platform");
  assert.equal(asked.rp.id, "register.example");
  const words = JSON.stringify([asked.user.name, asked.user.displayName, asked.rp.name]);
  for (const known of ["u1", "User", "Ambulance", "tablet-1"]) assert.equal(words.includes(known), false);
  assert.equal(asked.user.id.length, 16);
});

test("whoever waits for the device and types instead is not asked by it any more", async () => {
  const { vault, platform } = await aDevice();
  vault.lock();
  platform.answersLater = true;
  const attempt = vault.unlockByDevice("u1");
  await platform.isAsked;
  vault.cancelDevice();
  assert.equal((await attempt).outcome, "not-confirmed");
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "unlocked");
});

test("whoever types before the device has even been asked is not asked by it", async () => {
  const { vault, platform } = await aDevice();
  vault.lock();
  platform.answersLater = true;
  const attempt = vault.unlockByDevice("u1");
  vault.cancelDevice();
  assert.equal((await attempt).outcome, "not-confirmed");
});

for (const [what, happens, outcome] of [
  ["was refused", (platform) => (platform.isConfirming = false), "not-confirmed"],
  ["lost its credential", (platform) => platform.forgets(), "not-confirmed"],
  ["did not look who holds it", (platform) => (platform.isLooking = false), "not-confirmed"],
  ["answered with another credential", (platform) => platform.answersWith(new Uint8Array(16)), "not-confirmed"],
  ["gave no key", (platform) => (platform.hasKey = false), "no-key"],
]) {
  test(`a device that ${what} opens nothing, is not counted, and the passphrase still opens`, async () => {
    const { vault, platform, member } = await aDevice();
    vault.lock();
    happens(platform);
    assert.equal((await vault.unlockByDevice("u1")).outcome, outcome);
    assert.equal(vault.unlocked, null);
    assert.equal((await member()).wrong, 0);
    assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "unlocked");
  });

  test(`a device that ${what} is not added`, async () => {
    const { vault, platform, member } = await aDevice({ added: false });
    if (what === "answered with another credential" || what === "lost its credential") return;
    happens(platform);
    assert.equal((await vault.addDevice(PASSPHRASE)).outcome, outcome);
    assert.deepEqual(openersOf(await member()), ["argon2id"]);
  });
}

test("a colleague's credential opens nobody else's keyring", async () => {
  const { vault, store } = await aDevice();
  const { secret } = await newSigningKey();
  await enrolled(vault, await answerTo("u2", { policy: POLICY }), OTHER, secret);
  const { device } = await store.get("keyring", "u1");
  const theirs = await store.get("keyring", "u2");
  await store.write(["keyring"], (writing) => writing.put("keyring", "u2", { ...theirs, device }));
  vault.lock();
  await assert.rejects(vault.unlockByDevice("u2"));
  assert.equal(vault.unlocked, null);
  const own = { ...device, wrapped: theirs.wrapped };
  await store.write(["keyring"], (writing) => writing.put("keyring", "u2", { ...theirs, device: own }));
  assert.equal((await vault.unlockByDevice("u2")).outcome, "not-confirmed");
  assert.equal((await vault.unlock("u2", OTHER)).outcome, "unlocked");
});

test("only whoever knows the passphrase adds the device to an open tablet", async () => {
  const { vault, member } = await aDevice({ added: false });
  assert.deepEqual(await vault.addDevice("guess"), { outcome: "wrong", left: ATTEMPTS - 1 });
  assert.equal((await member()).device, null);
  assert.ok(vault.unlocked);
});

test("nobody adds a device to a locked tablet, changes its passphrase or has it opened", async () => {
  const { vault, member } = await aDevice({ added: false });
  vault.lock();
  assert.equal((await vault.addDevice(PASSPHRASE)).outcome, "nobody");
  assert.equal((await vault.changePassphrase(PASSPHRASE, OTHER)).outcome, "nobody");
  await vault.removeDevice();
  assert.equal((await vault.unlockByDevice("u1")).outcome, "nobody");
  assert.equal((await vault.unlockByDevice("u9")).outcome, "nobody");
  assert.deepEqual(openersOf(await vault.reader()), []);
  assert.equal((await member()).wrong, 0);
});

test("where policy does not allow it no device is added", async () => {
  const { vault, platform } = await aDevice({ added: false, policy: { unlock: ["passphrase"] } });
  assert.equal((await vault.addDevice(PASSPHRASE)).outcome, "nobody");
  assert.equal(platform.made.length, 0);
});

test("a lease under a policy that does not allow it any more takes the device away and leaves the passphrase", async () => {
  const { vault, member } = await aDevice();
  await vault.renew(await answerTo("u1", { policy: POLICY }));
  assert.ok((await member()).device);
  await vault.renew(await answerTo("u1", { policy: { unlock: ["passphrase"] } }));
  assert.equal((await member()).device, null);
  vault.lock();
  assert.equal((await vault.unlockByDevice("u1")).outcome, "nobody");
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "unlocked");
});

test("whoever takes the device away unlocks with the passphrase alone", async () => {
  const { vault, member } = await aDevice();
  await vault.removeDevice();
  assert.deepEqual(openersOf(await member()), ["argon2id"]);
  vault.lock();
  assert.equal((await vault.unlockByDevice("u1")).outcome, "nobody");
});

test("the device opens nothing after the lease, and breaks the glass as the passphrase does", async () => {
  const { vault, hands } = await aDevice();
  hands.passes(19 * HOUR);
  vault.lock();
  assert.equal((await vault.unlockByDevice("u1")).outcome, "lease-ended");
  assert.equal((await vault.unlockByDevice("u1", { breakGlass: true })).outcome, "unlocked");
  assert.equal(vault.unlocked.isBrokenGlass, true);
});

test("the device starts the count of wrong passphrases again", async () => {
  const { vault, member } = await aDevice();
  vault.lock();
  await vault.unlock("u1", "guess");
  await vault.unlockByDevice("u1");
  assert.equal((await member()).wrong, 0);
});

test("what the device gave lies nowhere, and neither does the keyring's own key", async () => {
  const { store, platform } = await aDevice();
  const { secret } = await theDevice(platform).create();
  const kept = JSON.stringify([await store.all("keyring"), await store.all("meta")], (_, value) =>
    value instanceof ArrayBuffer ? Buffer.from(value).toString("latin1") : value,
  );
  assert.equal(kept.includes(Buffer.from(secret).toString("latin1")), false);
  const { device } = (await store.all("keyring"))[0];
  assert.deepEqual(Object.keys(device).sort(), ["id", "salt", "wrapped"]);
});

for (const [why, platform, isAvailable] of [
  ["with a lock of its own", new Platform(), true],
  [
    "that says it gives keys",
    new Platform("a.example", { getClientCapabilities: async () => ({ "extension:prf": true }) }),
    true,
  ],
  [
    "that says it gives none",
    new Platform("a.example", { getClientCapabilities: async () => ({ "extension:prf": false }) }),
    false,
  ],
  [
    "without a lock",
    new Platform("a.example", { isUserVerifyingPlatformAuthenticatorAvailable: async () => false }),
    false,
  ],
  [
    "whose browser forbids it",
    new Platform("a.example", { getClientCapabilities: () => Promise.reject(new Error()) }),
    false,
  ],
  ["whose browser knows nothing of it", Object.assign(new Platform(), { PublicKeyCredential: undefined }), false],
  ["of a register at an address of numbers", new Platform("127.0.0.1"), false],
  ["of a register at a longer address of numbers", new Platform("[::1]"), false],
]) {
  test(`a device ${why} is ${isAvailable ? "" : "not "}offered`, async () => {
    assert.equal(await theDevice(platform).isAvailable(), isAvailable);
  });
}

test("a fault of the program is not taken for a refusal of the device", async () => {
  const platform = new Platform();
  platform.navigator.credentials.create = () => Promise.reject(new TypeError("a fault"));
  await assert.rejects(theDevice(platform).create(), TypeError);
});

// --- The passphrase ---

test("another passphrase opens what the one before opened, which opens nothing any more", async () => {
  const { vault } = await aDevice({ added: false });
  const sealed = await seal(vault.unlocked.master, "draft", "written before");
  assert.equal((await vault.changePassphrase(PASSPHRASE, OTHER)).outcome, "unlocked");
  vault.lock();
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "wrong");
  assert.equal((await vault.unlock("u1", OTHER)).outcome, "unlocked");
  assert.equal(await open(vault.unlocked.master, "draft", sealed), "written before");
  assert.equal(vault.unlocked.master.extractable, false);
});

test("whoever forgot the passphrase chooses another one with the device", async () => {
  const { vault, platform } = await aDevice();
  vault.lock();
  await vault.unlockByDevice("u1");
  assert.equal((await vault.changePassphrase(null, OTHER)).outcome, "unlocked");
  platform.forgets();
  vault.lock();
  assert.equal((await vault.unlock("u1", OTHER)).outcome, "unlocked");
});

test("a wrong passphrase changes nothing, is counted, and the tenth erases", async () => {
  const { vault, store } = await aDevice();
  assert.deepEqual(await vault.changePassphrase("guess", OTHER), { outcome: "wrong", left: ATTEMPTS - 1 });
  assert.equal((await store.get("keyring", "u1")).wrong, 1);
  for (let time = 2; time < ATTEMPTS; time += 1) await vault.changePassphrase("guess", OTHER);
  assert.equal((await vault.changePassphrase("guess", OTHER)).outcome, "erased");
  assert.equal(vault.unlocked, null);
  assert.equal((await vault.unlockByDevice("u1")).outcome, "nobody");
});

test("the device that does not confirm changes no passphrase", async () => {
  const { vault, platform } = await aDevice();
  platform.isConfirming = false;
  assert.equal((await vault.changePassphrase(null, OTHER)).outcome, "not-confirmed");
  vault.lock();
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "unlocked");
});

test("another window's change is not taken back by a newer lease", async () => {
  const { vault, store, clock, member } = await aDevice({ added: false });
  const { slowStore, arrives, goesOn } = withPauses(store);
  const other = new Vault(slowStore, clock, quick);
  await other.unlock("u1", PASSPHRASE);
  const arrived = arrives();
  const renewing = other.renew(await answerTo("u1", { now: NOON + HOUR }));
  await arrived;
  await vault.changePassphrase(PASSPHRASE, OTHER);
  goesOn();
  await renewing;
  vault.lock();
  assert.equal((await vault.unlock("u1", OTHER)).outcome, "unlocked");
  assert.equal((await member()).leaseUntil, NOON + 19 * HOUR);
});

test("a lease brings nobody back whom another window took away", async () => {
  const { vault, store, clock } = await aDevice({ added: false });
  const other = new Vault(store, clock, quick);
  await other.unlock("u1", PASSPHRASE);
  await Promise.all([other.renew(await answerTo("u1")), vault.erase("u1")]);
  assert.deepEqual(await store.all("keyring"), []);
});

test("to set a tablet up the slow way is walked once, before the register is asked", async () => {
  const { store, clock } = await aDevice({ added: false });
  let times = 0;
  const counting = (passphrase, way) => {
    times += 1;
    return quick(passphrase, way);
  };
  const vault = new Vault(store, clock, counting);
  const prepared = await vault.prepare(OTHER);
  const { secret } = await newSigningKey();
  await vault.enrol(await answerTo("u2"), prepared, secret);
  assert.equal(times, 1);
  assert.equal(vault.unlocked.user.id, "u2");
  assert.equal(await store.meta("trial"), undefined);
});

// --- Without WebAssembly ---

test("where the browser runs no WebAssembly a keyring is made by PBKDF2, and says so", async (t) => {
  withoutWebAssembly(t);
  const { vault, member } = await aDevice({ added: false });
  const { way } = await member();
  assert.equal(way.rounds, 600_000);
  assert.deepEqual(openersOf(await member()), ["pbkdf2"]);
  vault.lock();
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "unlocked");
});

test("a keyring made by PBKDF2 is made by Argon2id at the next change of passphrase, where that runs", async (t) => {
  const { WebAssembly } = globalThis;
  delete globalThis.WebAssembly;
  const { vault, member } = await aDevice({ added: false });
  Object.assign(globalThis, { WebAssembly });
  t.after(() => Object.assign(globalThis, { WebAssembly }));
  await vault.changePassphrase(PASSPHRASE, OTHER);
  assert.deepEqual(openersOf(await member()), ["argon2id"]);
});

test("a keyring made by Argon2id is never made weaker, and no attempt is counted where it cannot be opened", async (t) => {
  const { vault, member } = await aDevice();
  const before = await member();
  withoutWebAssembly(t);
  assert.equal((await vault.changePassphrase(null, OTHER)).outcome, "cannot");
  assert.equal((await vault.changePassphrase(PASSPHRASE, OTHER)).outcome, "cannot");
  vault.lock();
  assert.equal((await vault.unlock("u1", PASSPHRASE)).outcome, "cannot");
  assert.deepEqual((await member()).way, before.way);
  assert.equal((await member()).wrong, 0);
  assert.equal((await vault.unlockByDevice("u1")).outcome, "unlocked");
});

test("PBKDF2 is what everybody calls so, of the passphrase as it is compared", async () => {
  const salt = new Uint8Array([1, 2, 3, 4]);
  const made = await slowly("  four  quiet herons ", { salt, rounds: 1000 });
  assert.deepEqual(Buffer.from(made), pbkdf2Sync("four quiet herons", salt, 1000, 32, "sha256"));
});

// --- What may be chosen ---

for (const [passphrase, how, isGood] of [
  ["qH7!rr2x", {}, true],
  ["qH7!rr2x", { isFast: true }, false],
  ["qH7!rr2xqH7!", { isFast: true }, true],
  ["four quiet grey herons", { isFast: true }, true],
  ["qH7!rr2x", { least: 10 }, false],
  ["qH7!rr2xyz", { least: 10 }, true],
]) {
  test(`${passphrase} is ${isGood ? "" : "not "}long enough for ${JSON.stringify(how)}`, () => {
    assert.equal(refusePassphrase(passphrase, [], how) === null, isGood);
  });
}

test("a chosen passphrase is typed twice, and what is wrong with it is said first", () => {
  const fields = (typed) => refuseChosen(typed, [], {}).map(({ field }) => field);
  assert.deepEqual(fields({ passphrase: OTHER, again: OTHER }), []);
  assert.deepEqual(fields({ passphrase: OTHER, again: PASSPHRASE }), ["again"]);
  assert.deepEqual(fields({ passphrase: "short", again: "other" }), ["passphrase"]);
  assert.deepEqual(fields({}), ["passphrase"]);
});

// --- Whether a tablet can be set up at all ---

/** An ordinary browser, but for what is said. */
const aBrowser = (changes = {}, storage = {}, navigator = {}) => ({
  isSecureContext: true,
  crypto,
  indexedDB,
  navigator: {
    locks: {},
    serviceWorker: {},
    storage: { getDirectory: async () => ({}), estimate: async () => ({ quota: 10e9 }), ...storage },
    ...navigator,
  },
  ...changes,
});
const refused = () => Promise.reject(new DOMException("", "SecurityError"));

for (const [what, browser, words] of [
  ["ordinary", aBrowser(), null],
  ["insecure", aBrowser({ isSecureContext: false }), /not secure/],
  ["without a database", aBrowser({ indexedDB: undefined }), /lockdown mode/],
  ["without leave to open a database", aBrowser({ indexedDB: { open: () => refusedOpening() } }), /lockdown mode/],
  ["that throws at a database", aBrowser({ indexedDB: { open: () => assert.fail() } }), /lockdown mode/],
  ["without ciphers", aBrowser({ crypto: {} }), /lockdown mode/],
  ["without a worker", aBrowser({}, {}, { serviceWorker: undefined }), /lockdown mode/],
  ["without locks", aBrowser({}, {}, { locks: undefined }), /lockdown mode/],
]) {
  test(`a browser ${what} ${words ? "keeps no records, and says so in words" : "keeps records"}`, async () => {
    const why = await findUnfit(browser);
    if (words) assert.match(why, words);
    else assert.equal(why, null);
  });
}

test("a browser without WebAssembly keeps records", async (t) => {
  withoutWebAssembly(t);
  assert.equal(await findUnfit(aBrowser()), null);
});

for (const [what, storage, words] of [
  ["ordinary one", {}, null],
  ["one of an older browser", { getDirectory: undefined }, null],
  ["private one", { getDirectory: refused }, /private window/],
  ["one with little room", { estimate: async () => ({ quota: 120e6 }) }, /room for 120 MB/],
]) {
  test(`in this window ${words ? "nobody is" : "somebody may be"} set up: ${what}`, async () => {
    const why = await findFleeting(aBrowser({}, storage));
    if (words) assert.match(why, words);
    else assert.equal(why, null);
  });
}

/** What a browser answers that has a database for others. */
function refusedOpening() {
  const opening = {};
  queueMicrotask(() => opening.onerror());
  return opening;
}
