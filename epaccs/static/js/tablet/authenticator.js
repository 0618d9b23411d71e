/**
 * The device's own lock (a finger, a face, the PIN of the device) as a way to a key: WebAuthn with its PRF, which gives
 * the same 32 bytes for the same credential, and only to somebody whom the device has just confirmed.
 *
 * Nothing of it is sent anywhere, so it works without signal. The credential names nobody: no user, no tablet, no patient.
 *
 * Source: W3C Web Authentication Level 3, section 10.1.4; hazard H-59; decision record 0027.
 */

import { randomBytes, toBase64url } from "./bytes.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{ id: Bytes, salt: Bytes }} Credential what must be kept to ask for the same key again; neither is secret */

/**
 * @typedef {object} Authenticator
 * @property {() => Promise<boolean>} isAvailable whether this device could open a keyring
 * @property {() => Promise<{ credential: Credential, secret: Bytes }>} create
 * @property {() => AbortSignal} begin somebody wants the device to be asked: from here on they can call it off
 * @property {(credential: Credential, wish?: AbortSignal) => Promise<Bytes>} ask wish: as it began
 * @property {() => void} cancel whoever waits for the device would rather type
 */

/** The device did not confirm who holds it: refused, taken away, too late, or not this device. */
export class NotConfirmed extends Error {}

/** The device confirms people, and gives no key of its own. */
export class NoKey extends Error {}

const NAME = "Opens this tablet";
const LONGEST_MS = 30_000;
const KEY_BYTES = 32;
const FLAGS_AT = 32;
const USER_VERIFIED = 0x04;

/**
 * @param {any} browser the page's own
 * @returns {Authenticator}
 */
export function theDevice(browser = globalThis) {
  let asking = new AbortController();
  const begin = () => {
    asking = new AbortController();
    return asking.signal;
  };
  const page = (signal = begin()) => ({
    credentials: browser.navigator.credentials,
    host: browser.location.hostname,
    signal,
  });
  return {
    begin,
    isAvailable: () => isAvailable(browser.PublicKeyCredential, browser.location.hostname),
    create: () => create(page()),
    ask: (credential, wish) => ask(page(wish), credential),
    cancel: () => asking.abort(),
  };
}

/** @typedef {{ credentials: any, host: string, signal: AbortSignal }} Page what asks the device */

/** @param {any} kind the browser's own class of credentials @param {string} hostname */
async function isAvailable(kind, hostname) {
  if (!kind || !isName(hostname)) return false;
  try {
    const known = await kind.getClientCapabilities?.();
    return known?.["extension:prf"] !== false && (await kind.isUserVerifyingPlatformAuthenticatorAvailable());
  } catch {
    return false;
  }
}

/** A credential belongs to a name; an address made of numbers has none. @param {string} hostname */
const isName = (hostname) => hostname !== "" && !hostname.includes(":") && !/^[\d.]+$/.test(hostname);

/** @param {Page} page */
async function create(page) {
  const { credentials, host, signal } = page;
  const salt = randomBytes(KEY_BYTES);
  const made = await confirm(() =>
    credentials.create({
      signal,
      publicKey: {
        ...question(salt),
        rp: { id: host, name: NAME },
        user: { id: randomBytes(16), name: NAME, displayName: NAME },
        pubKeyCredParams: [-7, -257].map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: {
          authenticatorAttachment: "platform",
          userVerification: "required",
          residentKey: "discouraged",
        },
        attestation: "none",
      },
    }),
  );
  const credential = { id: new Uint8Array(made.rawId), salt };
  const { prf } = made.getClientExtensionResults();
  if (!prf?.enabled) throw new NoKey("The device gives no key of its own");
  const isThere = prf.results?.first !== undefined;
  const secret = isThere ? readKey(made, made.response.getAuthenticatorData()) : ask(page, credential);
  return { credential, secret: await secret };
}

/** @param {Page} page @param {Credential} credential @returns {Promise<Bytes>} */
async function ask({ credentials, host, signal }, { id, salt }) {
  const given = await confirm(() =>
    credentials.get({
      signal,
      publicKey: {
        ...question(salt),
        rpId: host,
        allowCredentials: [{ type: "public-key", id, transports: ["internal"] }],
        userVerification: "required",
      },
    }),
  );
  if (toBase64url(given.rawId) !== toBase64url(id)) throw new NotConfirmed("Another credential answered");
  return readKey(given, given.response.authenticatorData);
}

/** @param {any} given @param {ArrayBuffer} authenticatorData @returns {Bytes} */
function readKey(given, authenticatorData) {
  const flags = new Uint8Array(authenticatorData)[FLAGS_AT] ?? 0;
  if (!(flags & USER_VERIFIED)) throw new NotConfirmed("The device did not look who holds it");
  const secret = given.getClientExtensionResults().prf?.results?.first;
  if (secret?.byteLength !== KEY_BYTES) throw new NoKey("The device gave no key");
  return new Uint8Array(secret);
}

/** The register does not look at the answer, so the challenge is nobody's: what counts is the key. @param {Bytes} salt */
const question = (salt) => ({
  challenge: randomBytes(32),
  timeout: LONGEST_MS,
  extensions: { prf: { eval: { first: salt } } },
});

/** @param {() => Promise<any>} ask @returns {Promise<any>} */
async function confirm(ask) {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DOMException) throw new NotConfirmed(error.name);
    throw error;
  }
}
