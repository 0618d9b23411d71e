/**
 * Who may read on this tablet, and until when: keyrings, what opens them, leases, and the lock.
 *
 * The keys are in the memory of one page and nowhere else; whatever locks the page drops them. The passphrase always opens
 * its user's keyring; where policy allows it, the device's own key opens it as well. A lease that has ended, or a clock that
 * was set back, opens nothing, unless its user breaks the glass: once, with a reason, and it is told.
 *
 * Source: hazards H-54, H-55, H-56 and H-59.
 */

import { theDevice } from "./authenticator.js";
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
import { ATTEMPTS, CANNOT, Members, NOBODY, UNLOCKED } from "./members.js";
import { canWalk } from "./slow.js";

/** @typedef {import("./keys.js").ScopeKeys} ScopeKeys */
/** @typedef {import("./slow.js").Slow} Slow */
/** @typedef {import("./members.js").Member} Member */
/** @typedef {import("./members.js").Attempt} Attempt */
/** @typedef {import("./members.js").Opened} Opened */
/** @typedef {import("./members.js").Prepared} Prepared */
/** @typedef {{ scope: string, tier: string, epoch: string, key: string }} ScopeKey as the register hands it over */

/**
 * @typedef {object} Answer the register's answer to an enrolment or a renewal
 * @property {string} device_id
 * @property {string} lease
 * @property {JsonWebKey} lease_key
 * @property {JsonWebKey & { kid?: string }} seal_key
 * @property {Record<string, any>} policy
 * @property {ScopeKey[]} scope_keys
 * @property {import("./stamp.js").Key[]} stamp_keys
 * @property {{ id: string, name: string, role: string, role_label: string, organisation: string }} user
 * @property {string} control_telephone
 * @property {string} server_time
 */

/**
 * @typedef {object} Keyring what is sealed for one user
 * @property {string} lease
 * @property {JsonWebKey} leaseKey
 * @property {ScopeKey[]} scopeKeys
 * @property {import("./stamp.js").Key[]} [stampKeys] absent: sealed before sheets were signed
 * @property {string} signing
 * @property {{ lease: string, until: number } | null} glass the lease on which the glass was broken, and until when
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
 * @property {readonly import("./stamp.js").Key[]} stampKeys what sheets of this register are signed with; empty: it is not known yet
 */

/** @typedef {{ renew?: () => Promise<Answer | null>, breakGlass?: boolean }} Ways what to try when the lease has ended */

/** @param {string} scope @param {string} tier @param {string} epoch */
export const nameScopeKey = (scope, tier, epoch) => `${scope}|${tier}|${epoch.split(".").slice(0, 2).join(".")}`;

/** @param {string} userId */
const placeOfKeyring = (userId) => `keyring|${userId}`;

export class Vault {
  #store;
  #clock;
  #device;
  #members;
  /** @type {Unlocked | null} */
  #unlocked = null;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./clock.js").Clock} clock
   * @param {Slow} slow
   * @param {import("./authenticator.js").Authenticator} device
   */
  constructor(store, clock, slow, device = theDevice()) {
    this.#store = store;
    this.#clock = clock;
    this.#device = device;
    this.#members = new Members(store, slow, device);
  }

  /** What is open, or null: locked. A lease that ends while a card is open locks at the next look. */
  get unlocked() {
    return this.#unlocked;
  }

  /** @returns {Promise<Member[]>} */
  members() {
    return this.#members.all();
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

  /** What a passphrase makes here, before the register is asked. @param {string} passphrase */
  prepare(passphrase) {
    return this.#members.prepare(passphrase);
  }

  /**
   * A user was enrolled: keep their keyring and open it.
   *
   * @param {Answer} answer
   * @param {Prepared} prepared
   * @param {string} signing
   */
  async enrol(answer, { way, key }, signing) {
    const claims = await checkLease(answer);
    const master = await newMasterKey();
    const wrapped = await wrapMasterKey(master, key);
    const keyring = buildKeyring(answer, signing, null);
    const sealed = await seal(master, placeOfKeyring(answer.user.id), keyring);
    const member = {
      id: answer.user.id,
      user: answer.user,
      leaseUntil: claims.exp * 1000,
      ...decidedBy(answer),
      wrong: 0,
      way,
      wrapped,
      device: null,
      sealed,
    };
    await this.#keep(member.id, () => member, answer);
    this.#opens(await buildUnlocked(member, /** @type {CryptoKey} */ (await unwrapMasterKey(wrapped, key)), keyring));
  }

  /**
   * Try a passphrase. The attempt is counted before it is made, so that no loss of power takes it back; after ten the
   * keyring is gone, and what its user had not sent is not (hazard H-54): that is sealed to the register.
   *
   * @param {string} userId
   * @param {string} passphrase
   * @param {Ways} ways
   * @returns {Promise<Attempt>}
   */
  async unlock(userId, passphrase, ways = {}) {
    return this.#comeIn(await this.#members.tryPassphrase(userId, passphrase), ways);
  }

  /**
   * Let the device say who it is. Nothing is counted: the device counts for itself.
   *
   * @param {string} userId
   * @param {Ways} ways
   * @returns {Promise<Attempt>}
   */
  async unlockByDevice(userId, ways = {}) {
    return this.#comeIn(await this.#members.tryDevice(userId), ways);
  }

  /**
   * A newer lease came while somebody reads, or when they came back.
   *
   * @param {Answer} answer
   */
  async renew(answer) {
    const here = this.#unlocked;
    const member = await this.#members.get(answer.user.id);
    if (!here || !member || here.user.id !== answer.user.id) return;
    const keyring = /** @type {Keyring} */ (await open(here.master, placeOfKeyring(member.id), member.sealed));
    const renewed = await this.#reseal(member, here.master, keyring, answer);
    if (this.#unlocked === here) this.#unlocked = await buildUnlocked(renewed.member, here.master, renewed.keyring);
  }

  // --- What opens a keyring ---

  /** Whether this device could open a keyring beside the passphrase. */
  hasDevice() {
    return this.#device.isAvailable();
  }

  /** Whoever waits for the device would rather type. */
  cancelDevice() {
    this.#device.cancel();
  }

  /** Who reads, as they are kept. @returns {Promise<Member | null>} */
  async reader() {
    return (this.#unlocked && (await this.#members.get(this.#unlocked.user.id))) ?? null;
  }

  /**
   * Whoever reads wants to unlock with the device as well. Their passphrase is asked for once more, so that nobody puts
   * their own finger on a colleague's open tablet; it stays as good as it was.
   *
   * @param {string} passphrase
   * @returns {Promise<Attempt>}
   */
  async addDevice(passphrase) {
    const reader = await this.reader();
    if (!reader?.mayUseDevice) return NOBODY;
    const opened = await this.#members.tryPassphrase(reader.id, passphrase, true);
    return "master" in opened ? this.#members.addDevice(opened) : this.#lockIfErased(opened);
  }

  /** From now on the passphrase alone opens the keyring of whoever reads. */
  async removeDevice() {
    const reader = await this.reader();
    if (reader) await this.#members.change(reader.id, () => ({ device: null }));
  }

  /**
   * Another passphrase for whoever reads. The one before opens nothing from the moment that the new one does.
   *
   * @param {string | null} before null: the device says who it is
   * @param {string} passphrase
   * @returns {Promise<Attempt>}
   */
  async changePassphrase(before, passphrase) {
    const reader = await this.reader();
    if (!reader) return NOBODY;
    if (!canWalk(reader.way)) return CANNOT;
    const opened = await (before === null
      ? this.#members.tryDevice(reader.id, true)
      : this.#members.tryPassphrase(reader.id, before, true));
    return "master" in opened ? this.#members.choosePassphrase(opened, passphrase) : this.#lockIfErased(opened);
  }

  /**
   * Take one user away, or with null everybody; nothing that is unsent goes with them.
   *
   * @param {string | null} userId
   */
  async erase(userId) {
    this.lock();
    await this.#members.erase(userId);
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

  /** The tenth wrong passphrase was typed while somebody read. @param {Attempt} attempt */
  #lockIfErased(attempt) {
    if (attempt.outcome === "erased") this.lock();
    return attempt;
  }

  /** @param {Opened | Attempt} opened @param {Ways} ways @returns {Promise<Attempt>} */
  async #comeIn(opened, ways) {
    if (!("master" in opened)) return opened;
    const { member, master } = opened;
    const keyring = /** @type {Keyring} */ (await open(master, placeOfKeyring(member.id), member.sealed));
    return this.#openLease(member, master, keyring, ways);
  }

  /**
   * @param {Member} member
   * @param {CryptoKey} master
   * @param {Keyring} keyring
   * @param {Ways} ways
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
    return UNLOCKED;
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
    await this.#members.change(member.id, () => ({ sealed }));
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
    const given = { user: answer.user, leaseUntil: claims.exp * 1000, ...decidedBy(answer), sealed };
    const build = (/** @type {Member | undefined} */ now) => now && { ...withoutWithdrawn(now, given), ...given };
    await this.#keep(member.id, build, answer);
    return { member: { ...member, ...given }, keyring: renewed };
  }

  /**
   * @param {string} userId
   * @param {(now: Member | undefined) => Member | undefined} build from what is kept of them now; undefined: there is nobody any more
   * @param {Answer} answer
   */
  async #keep(userId, build, answer) {
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
      async (writing) => {
        const member = build(await writing.get("keyring", userId));
        if (member) writing.put("keyring", userId, member);
        for (const [key, value] of Object.entries(about)) writing.put("meta", key, value);
      },
      "strict",
    );
  }
}

/** What policy says of a user's keyring; never more than ten attempts. @param {Answer} answer */
const decidedBy = ({ policy }) => ({
  attempts: Math.min(ATTEMPTS, policy.attempts ?? ATTEMPTS),
  mayUseDevice: Boolean(policy.unlock?.includes("prf")),
  passphraseLength: policy.passphrase_length ?? 0,
});

/** Where policy does not allow it any more, the device opens nothing. @param {Member} member @param {{ mayUseDevice: boolean }} decided */
const withoutWithdrawn = (member, { mayUseDevice }) => (mayUseDevice ? member : { ...member, device: null });

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
  stampKeys: answer.stamp_keys,
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
    stampKeys: keyring.stampKeys ?? [],
  };
}

/** Once for each lease. @param {any} claims @param {Keyring} keyring */
const mayBreakGlass = (claims, keyring) =>
  (claims.break_glass?.uses ?? 0) > 0 && claims.break_glass.seconds > 0 && keyring.glass?.lease !== claims.jti;
