/**
 * What is kept of each user of a tablet, and what opens their keyring: the passphrase always, and where policy allows it the
 * device's own lock beside it.
 *
 * Source: hazards H-54, H-55 and H-59.
 */

import { NoKey, NotConfirmed } from "./authenticator.js";
import { unwrapMasterKey, wrapMasterKey } from "./keys.js";
import { calibrate, canWalk, isArgon2 } from "./slow.js";

/** @typedef {import("./slow.js").Slow} Slow */
/** @typedef {import("./slow.js").SlowWay} SlowWay */
/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./vault.js").Answer} Answer */
/** @typedef {{ way: SlowWay, key: Bytes }} Prepared what was made of a passphrase, slowly */

/**
 * @typedef {object} Member one user as the lock screen knows them: their own name, no patient's
 * @property {string} id
 * @property {Answer["user"]} user
 * @property {number} leaseUntil milliseconds since 1970
 * @property {number} attempts after how many wrong passphrases the keyring goes
 * @property {number} wrong how often the passphrase was wrong, one after the other
 * @property {SlowWay} way
 * @property {ArrayBuffer} wrapped the keyring's key under the passphrase
 * @property {(import("./authenticator.js").Credential & { wrapped: ArrayBuffer }) | null} [device] the same key under the device's own
 * @property {boolean} [mayUseDevice] by policy
 * @property {number} [passphraseLength] by policy, the fewest characters
 * @property {import("./keys.js").Sealed} sealed
 */

/**
 * @typedef {object} Attempt
 * @property {"unlocked" | "wrong" | "erased" | "lease-ended" | "nobody" | "cannot" | "not-confirmed" | "no-key"} outcome cannot: this browser cannot walk the
 *   way of this keyring; not-confirmed: the device did not say who it is; no-key: it has no key to give
 * @property {number} left how many wrong passphrases are left
 */
/** @typedef {{ member: Member, master: CryptoKey }} Opened */

export const ATTEMPTS = 10;

export class Members {
  #store;
  #slow;
  #device;

  /**
   * @param {import("./store.js").Store} store
   * @param {Slow} slow
   * @param {import("./authenticator.js").Authenticator} device
   */
  constructor(store, slow, device) {
    this.#store = store;
    this.#slow = slow;
    this.#device = device;
  }

  /**
   * What a passphrase makes here, before the register is asked: a tablet that cannot do it, or cannot keep it, is not half
   * set up.
   *
   * @param {string} passphrase
   * @returns {Promise<Prepared>}
   */
  async prepare(passphrase) {
    await this.#store.write(["meta"], (writing) => writing.put("meta", "trial", 1), "strict");
    await this.#store.write(["meta"], (writing) => writing.remove("meta", "trial"));
    return calibrate(passphrase, this.#slow);
  }

  /** @returns {Promise<Member[]>} */
  all() {
    return this.#store.all("keyring");
  }

  /** @param {string} userId @returns {Promise<Member | undefined>} */
  get(userId) {
    return this.#store.get("keyring", userId);
  }

  /**
   * @param {string} userId
   * @param {string} passphrase
   * @param {boolean} isToWrap
   * @returns {Promise<Opened | Attempt>}
   */
  async tryPassphrase(userId, passphrase, isToWrap = false) {
    const found = await this.#store.get("keyring", userId);
    if (found && !canWalk(found.way)) return CANNOT;
    const member = await this.#countAttempt(userId);
    if (!member) return NOBODY;
    const master = await unwrapMasterKey(member.wrapped, await this.#slow(passphrase, member.way), { isToWrap });
    return master ? this.#isThem(member, master) : this.#refuse(member);
  }

  /**
   * @param {string} userId
   * @param {boolean} isToWrap
   * @returns {Promise<Opened | Attempt>}
   */
  async tryDevice(userId, isToWrap = false) {
    const wish = this.#device.begin(); // at once: whoever types before the device is asked has called it off
    /** @type {Member | null} */
    const member = await this.#store.get("keyring", userId);
    const { device } = member ?? {};
    if (!member?.mayUseDevice || !device) return NOBODY;
    const secret = await asAttempt(() => this.#device.ask(device, wish));
    if ("outcome" in secret) return secret;
    const how = { opener: /** @type {const} */ ("keyring by the device"), isToWrap };
    const master = await unwrapMasterKey(device.wrapped, secret, how);
    return master ? this.#isThem(member, master) : NOT_CONFIRMED;
  }

  /**
   * The device opens the keyring from now on, as the passphrase does.
   *
   * @param {Opened} opened
   * @returns {Promise<Attempt>}
   */
  async addDevice({ member, master }) {
    const made = await asAttempt(() => this.#device.create());
    if ("outcome" in made) return made;
    const wrapped = await wrapMasterKey(master, made.secret, "keyring by the device");
    await this.change(member.id, () => ({ device: { ...made.credential, wrapped } }));
    return UNLOCKED;
  }

  /**
   * @param {Opened} opened
   * @param {string} passphrase
   * @returns {Promise<Attempt>}
   */
  async choosePassphrase({ member, master }, passphrase) {
    const { way, key } = await calibrate(passphrase, this.#slow);
    const wrapped = await wrapMasterKey(master, key);
    await this.change(member.id, () => ({ way, wrapped, wrong: 0 }));
    return UNLOCKED;
  }

  /** One user, or with null everybody; nothing that is unsent goes with them. @param {string | null} userId */
  erase(userId) {
    return this.#store.write(["keyring"], (writing) => eraseMembers(writing, userId), "strict");
  }

  /**
   * What is kept of a user is changed as it stands now: another window may have changed it, or taken them away.
   *
   * @param {string} userId
   * @param {(member: Member) => Partial<Member>} build
   * @returns {Promise<Member | null>} null: there is nobody any more
   */
  async change(userId, build) {
    /** @type {Member | null} */
    let changed = null;
    const put = async (/** @type {import("./store.js").Writing} */ writing) => {
      const member = await writing.get("keyring", userId);
      if (!member) return;
      changed = { ...member, ...build(member) };
      writing.put("keyring", userId, changed);
    };
    await this.#store.write(["keyring"], put, "strict");
    return changed;
  }

  // --- Inside ---

  /** @param {string} userId @returns {Promise<Member | null>} */
  #countAttempt(userId) {
    return this.change(userId, (member) => ({ wrong: member.wrong + 1 }));
  }

  /** @param {Member} member @returns {Promise<Attempt>} */
  async #refuse(member) {
    const left = (member.attempts ?? ATTEMPTS) - member.wrong;
    if (left > 0) return { outcome: "wrong", left };
    await this.erase(member.id);
    return { outcome: "erased", left: 0 };
  }

  /** @param {Member} member @param {CryptoKey} master @returns {Promise<Opened>} */
  async #isThem(member, master) {
    await this.change(member.id, () => ({ wrong: 0 }));
    return { member: { ...member, wrong: 0 }, master };
  }
}

/** @type {Attempt} */
export const UNLOCKED = { outcome: "unlocked", left: ATTEMPTS };
/** @type {Attempt} */
export const NOBODY = { outcome: "nobody", left: 0 };
/** @type {Attempt} */
export const CANNOT = { outcome: "cannot", left: 0 };
/** @type {Attempt} */
const NOT_CONFIRMED = { outcome: "not-confirmed", left: 0 };

/**
 * @template {object} T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T | Attempt>}
 */
async function asAttempt(ask) {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NotConfirmed) return NOT_CONFIRMED;
    if (error instanceof NoKey) return { outcome: "no-key", left: 0 };
    throw error;
  }
}

/** With what a user opens their keyring, as it is told to the register. @param {Member | null} member @returns {string[]} */
export function openersOf(member) {
  if (!member) return [];
  return [isArgon2(member.way) ? "argon2id" : "pbkdf2", ...(member.device ? ["prf"] : [])];
}

/** @param {import("./store.js").Writing} writing @param {string | null} userId */
function eraseMembers(writing, userId) {
  if (userId === null) writing.clear("keyring");
  else writing.remove("keyring", userId);
}
