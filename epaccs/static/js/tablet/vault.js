/**
 * Who may read on this tablet, and until when: keyrings, passphrases, leases, and the lock.
 *
 * The keys are in the memory of one page and nowhere else; whatever locks the page drops them. A lease that has ended, or
 * a clock that was set back, opens nothing, unless its user breaks the glass: once, with a reason, and it is told.
 *
 * Source: hazards H-54, H-55 and H-56.
 */

import {
  deriveScopeKeys,
  newMasterKey,
  open,
  readLease,
  readSigningKey,
  seal,
  unwrapMasterKey,
  wrapMasterKey,
} from "./keys.js";
import { calibrate } from "./slow.js";

/** @typedef {import("./keys.js").ScopeKeys} ScopeKeys */
/** @typedef {import("./slow.js").Slow} Slow */
/** @typedef {{ scope: string, tier: string, epoch: string, key: string }} ScopeKey as the register hands it over */

/**
 * @typedef {object} Answer the register's answer to an enrolment or a renewal
 * @property {string} device_id
 * @property {string} lease
 * @property {JsonWebKey} lease_key
 * @property {JsonWebKey & { kid?: string }} seal_key
 * @property {Record<string, any>} policy
 * @property {ScopeKey[]} scope_keys
 * @property {{ id: string, name: string, role: string, role_label: string, organisation: string }} user
 * @property {string} control_telephone
 * @property {string} server_time
 */

/**
 * @typedef {object} Keyring what is sealed for one user
 * @property {string} lease
 * @property {JsonWebKey} leaseKey
 * @property {ScopeKey[]} scopeKeys
 * @property {string} signing
 * @property {{ lease: string, until: number } | null} glass the lease on which the glass was broken, and until when
 */

/**
 * @typedef {object} Member one user as the lock screen knows them: their own name, no patient's
 * @property {string} id
 * @property {Answer["user"]} user
 * @property {number} leaseUntil milliseconds since 1970
 * @property {number} attempts after how many wrong passphrases the keyring goes
 * @property {number} wrong how often the passphrase was wrong, one after the other
 * @property {import("./slow.js").SlowWay} way
 * @property {ArrayBuffer} wrapped
 * @property {import("./keys.js").Sealed} sealed
 */

/**
 * @typedef {object} Unlocked what the page holds while somebody reads
 * @property {Answer["user"]} user
 * @property {CryptoKey} master
 * @property {CryptoKey} signing
 * @property {string} lease the words that the register lets this tablet pull by
 * @property {any} claims
 * @property {number} until milliseconds since 1970
 * @property {boolean} isBrokenGlass
 * @property {Map<string, ScopeKeys>} scopes by scope, tier and epoch
 */

/** @typedef {{ outcome: "unlocked" | "wrong" | "erased" | "lease-ended" | "nobody", left: number }} Attempt */

export const ATTEMPTS = 10;

/** @param {string} scope @param {string} tier @param {string} epoch */
export const nameScopeKey = (scope, tier, epoch) => `${scope}|${tier}|${epoch.split(".").slice(0, 2).join(".")}`;

/** @param {string} userId */
const placeOfKeyring = (userId) => `keyring|${userId}`;

export class Vault {
  #store;
  #clock;
  #slow;
  /** @type {Unlocked | null} */
  #unlocked = null;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./clock.js").Clock} clock
   * @param {Slow} slow
   */
  constructor(store, clock, slow) {
    this.#store = store;
    this.#clock = clock;
    this.#slow = slow;
  }

  /** What is open, or null: locked. A lease that ends while a card is open locks at the next look. */
  get unlocked() {
    return this.#unlocked;
  }

  /** @returns {Promise<Member[]>} */
  members() {
    return this.#store.all("keyring");
  }

  /** @param {() => void} listener called when the vault was locked */
  onLock(listener) {
    this.#listeners.add(listener);
  }

  /** Drop every key. What was written stays, sealed. */
  lock() {
    if (!this.#unlocked) return;
    this.#unlocked = null;
    for (const listener of this.#listeners) listener();
  }

  /**
   * A user was enrolled: keep their keyring and open it.
   *
   * @param {Answer} answer
   * @param {string} passphrase
   * @param {string} signing
   */
  async enrol(answer, passphrase, signing) {
    const claims = await checkLease(answer);
    const { way, key } = await calibrate(passphrase, this.#slow);
    const master = await newMasterKey();
    const wrapped = await wrapMasterKey(master, key);
    const keyring = buildKeyring(answer, signing, null);
    const sealed = await seal(master, placeOfKeyring(answer.user.id), keyring);
    const member = {
      id: answer.user.id,
      user: answer.user,
      leaseUntil: claims.exp * 1000,
      attempts: attemptsOf(answer),
      wrong: 0,
      way,
      wrapped,
      sealed,
    };
    await this.#keep(member, answer);
    await this.unlock(answer.user.id, passphrase);
  }

  /**
   * Try a passphrase. The attempt is counted before it is made, so that no loss of power takes it back; after ten the
   * keyring is gone, and what its user had not sent is not (hazard H-54): that is sealed to the register.
   *
   * @param {string} userId
   * @param {string} passphrase
   * @param {{ renew?: () => Promise<Answer | null>, breakGlass?: boolean }} ways what to try when the lease has ended
   * @returns {Promise<Attempt>}
   */
  async unlock(userId, passphrase, ways = {}) {
    const member = await this.#countAttempt(userId);
    if (!member) return { outcome: "nobody", left: 0 };
    const master = await unwrapMasterKey(member.wrapped, await this.#slow(passphrase, member.way));
    if (!master) return this.#refuse(member);
    await this.#putMember({ ...member, wrong: 0 });
    const keyring = /** @type {Keyring} */ (await open(master, placeOfKeyring(userId), member.sealed));
    return this.#openLease({ ...member, wrong: 0 }, master, keyring, ways);
  }

  /**
   * A newer lease came while somebody reads, or when they came back.
   *
   * @param {Answer} answer
   */
  async renew(answer) {
    const here = this.#unlocked;
    const member = await this.#store.get("keyring", answer.user.id);
    if (!here || !member || here.user.id !== answer.user.id) return;
    const keyring = /** @type {Keyring} */ (await open(here.master, placeOfKeyring(member.id), member.sealed));
    const renewed = await this.#reseal(member, here.master, keyring, answer);
    if (this.#unlocked === here) this.#unlocked = await buildUnlocked(renewed.member, here.master, renewed.keyring);
  }

  /**
   * Take one user away, or with null everybody; nothing that is unsent goes with them.
   *
   * @param {string | null} userId
   */
  async erase(userId) {
    this.lock();
    await this.#store.write(["keyring"], (writing) => eraseMembers(writing, userId), "strict");
  }

  /**
   * @param {string} scope
   * @param {string} tier
   * @param {string} epoch
   * @returns {ScopeKeys | null} null: locked, or the register has not handed it over
   */
  scopeKeys(scope, tier, epoch) {
    return this.#unlocked?.scopes.get(nameScopeKey(scope, tier, epoch)) ?? null;
  }

  /** Whether the person reading may go on: asked before each card, and while one is open. */
  isInTime() {
    const here = this.#unlocked;
    return here !== null && !this.#clock.wasSetBack() && this.#clock.now() < here.until;
  }

  // --- Inside ---

  /** @param {string} userId @returns {Promise<Member | null>} */
  async #countAttempt(userId) {
    const member = await this.#store.get("keyring", userId);
    if (!member) return null;
    const counted = { ...member, wrong: member.wrong + 1 };
    await this.#putMember(counted);
    return counted;
  }

  /** @param {Member} member @returns {Promise<Attempt>} */
  async #refuse(member) {
    const left = (member.attempts ?? ATTEMPTS) - member.wrong;
    if (left > 0) return { outcome: "wrong", left };
    await this.erase(member.id);
    return { outcome: "erased", left: 0 };
  }

  /**
   * @param {Member} member
   * @param {CryptoKey} master
   * @param {Keyring} keyring
   * @param {{ renew?: () => Promise<Answer | null>, breakGlass?: boolean }} ways
   * @returns {Promise<Attempt>}
   */
  async #openLease(member, master, keyring, { renew, breakGlass }) {
    const opened = await buildUnlocked(member, master, keyring);
    const isInTime = !this.#clock.wasSetBack() && this.#clock.now() < opened.until;
    if (isInTime) return this.#opens(opened);
    const answer = await renew?.();
    if (answer && answer.user.id === member.id) {
      const renewed = await this.#reseal(member, master, keyring, answer);
      return this.#opens(await buildUnlocked(renewed.member, master, renewed.keyring));
    }
    if (!breakGlass || !mayBreakGlass(opened.claims, keyring)) return { outcome: "lease-ended", left: 0 };
    return this.#opens(await this.#breakGlass(member, master, keyring, opened.claims));
  }

  /** @param {Unlocked} opened @returns {Attempt} */
  #opens(opened) {
    this.#unlocked = opened;
    return { outcome: "unlocked", left: ATTEMPTS };
  }

  /**
   * @param {Member} member
   * @param {CryptoKey} master
   * @param {Keyring} keyring
   * @param {any} claims
   */
  async #breakGlass(member, master, keyring, claims) {
    this.#clock.accept();
    const glass = { lease: claims.jti, until: this.#clock.now() + claims.break_glass.seconds * 1000 };
    const broken = { ...keyring, glass };
    const sealed = await seal(master, placeOfKeyring(member.id), broken);
    await this.#putMember({ ...member, sealed });
    return buildUnlocked(member, master, broken);
  }

  /**
   * @param {Member} member
   * @param {CryptoKey} master
   * @param {Keyring} keyring
   * @param {Answer} answer
   */
  async #reseal(member, master, keyring, answer) {
    const claims = await checkLease(answer);
    const renewed = buildKeyring(answer, keyring.signing, null);
    const sealed = await seal(master, placeOfKeyring(member.id), renewed);
    const kept = { ...member, user: answer.user, leaseUntil: claims.exp * 1000, attempts: attemptsOf(answer), sealed };
    await this.#keep(kept, answer);
    return { member: kept, keyring: renewed };
  }

  /** @param {Member} member @param {Answer} answer */
  async #keep(member, answer) {
    this.#clock.contact(Date.parse(answer.server_time));
    const about = {
      device_id: answer.device_id,
      policy: answer.policy,
      seal_key: answer.seal_key,
      control_telephone: answer.control_telephone,
      clock: this.#clock.saved(),
    };
    await this.#store.write(
      ["keyring", "meta"],
      (writing) => {
        writing.put("keyring", member.id, member);
        for (const [key, value] of Object.entries(about)) writing.put("meta", key, value);
      },
      "strict",
    );
  }

  /** @param {Member} member */
  #putMember(member) {
    const put = (/** @type {import("./store.js").Writing} */ writing) => void writing.put("keyring", member.id, member);
    return this.#store.write(["keyring"], put, "strict");
  }
}

/** By policy, and never more than ten. @param {Answer} answer */
const attemptsOf = ({ policy }) => Math.min(ATTEMPTS, policy.attempts ?? ATTEMPTS);

/** @param {Answer} answer */
async function checkLease(answer) {
  const claims = await readLease(answer.lease, answer.lease_key);
  if (!claims || claims.device !== answer.device_id || claims.user !== answer.user.id) {
    throw new Error("The register's lease is not for this tablet and its user");
  }
  return claims;
}

/**
 * @param {Answer} answer
 * @param {string} signing
 * @param {Keyring["glass"]} glass
 * @returns {Keyring}
 */
const buildKeyring = (answer, signing, glass) => ({
  lease: answer.lease,
  leaseKey: answer.lease_key,
  scopeKeys: answer.scope_keys,
  signing,
  glass,
});

/**
 * @param {Member} member
 * @param {CryptoKey} master
 * @param {Keyring} keyring
 * @returns {Promise<Unlocked>}
 */
async function buildUnlocked(member, master, keyring) {
  const claims = await readLease(keyring.lease, keyring.leaseKey);
  const isBrokenGlass = keyring.glass !== null && keyring.glass.lease === claims.jti;
  /** @type {Map<string, ScopeKeys>} */
  const scopes = new Map();
  for (const { scope, tier, epoch, key } of keyring.scopeKeys) {
    scopes.set(nameScopeKey(scope, tier, epoch), await deriveScopeKeys(key));
  }
  return {
    user: member.user,
    master,
    signing: await readSigningKey(keyring.signing),
    lease: keyring.lease,
    claims,
    until: isBrokenGlass && keyring.glass ? keyring.glass.until : claims.exp * 1000,
    isBrokenGlass,
    scopes,
  };
}

/** Once for each lease. @param {any} claims @param {Keyring} keyring */
const mayBreakGlass = (claims, keyring) =>
  (claims.break_glass?.uses ?? 0) > 0 && claims.break_glass.seconds > 0 && keyring.glass?.lease !== claims.jti;

/** @param {import("./store.js").Writing} writing @param {string | null} userId */
function eraseMembers(writing, userId) {
  if (userId === null) writing.clear("keyring");
  else writing.remove("keyring", userId);
}
