/**
 * The keys of docs/offline.md: what is sealed under what, bound to what.
 *
 * Everything at rest is AES-256-GCM under a random nonce, with its place as associated data, so that nothing opens in
 * another's place (hazards H-55 and H-56).
 */

import { fromBase64url, randomBytes, toBase64url, toBytes, toHex, toText } from "./bytes.js";
import { canonicalJson } from "./canonical.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{ iv: Bytes, box: ArrayBuffer }} Sealed */
/** @typedef {{ rows: CryptoKey, names: CryptoKey }} ScopeKeys what seals a scope's rows, and what their names are made with */

const NONCE_BYTES = 12;
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };

// --- At rest ---

/**
 * @param {CryptoKey} key
 * @param {string} place what it belongs to; opens only there
 * @param {unknown} value
 * @returns {Promise<Sealed>}
 */
export async function seal(key, place, value) {
  const iv = randomBytes(NONCE_BYTES);
  const content = toBytes(JSON.stringify(value));
  return {
    iv,
    box: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: toBytes(place) }, key, content),
  };
}

/**
 * @param {CryptoKey} key
 * @param {string} place
 * @param {Sealed} sealed
 * @returns {Promise<any>} rejects when it was changed, moved, or sealed under another key
 */
export async function open(key, place, { iv, box }) {
  return JSON.parse(
    toText(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: toBytes(place) }, key, box)),
  );
}

/**
 * @param {Bytes} secret
 * @param {string} purpose
 * @returns {Promise<ArrayBuffer>} 32 bytes for this purpose only
 */
async function derive(secret, purpose) {
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: toBytes(`epaccs tablet ${purpose}`) };
  return crypto.subtle.deriveBits(how, base, 256);
}

/**
 * @param {Bytes} secret
 * @param {string} purpose
 */
async function deriveSealingKey(secret, purpose) {
  return crypto.subtle.importKey("raw", await derive(secret, purpose), "AES-GCM", false, ["encrypt", "decrypt"]);
}

/**
 * @param {string} scopeKey as the register handed it over
 * @returns {Promise<ScopeKeys>}
 */
export async function deriveScopeKeys(scopeKey) {
  const secret = fromBase64url(scopeKey);
  const hashing = { name: "HMAC", hash: "SHA-256" };
  return {
    rows: await deriveSealingKey(secret, "rows"),
    names: await crypto.subtle.importKey("raw", await derive(secret, "names"), hashing, false, ["sign"]),
  };
}

/**
 * Under what a person's row lies: it tells nobody who has not the scope's key whose it is.
 *
 * @param {ScopeKeys} keys
 * @param {string} entryId
 */
export async function nameRow(keys, entryId) {
  return toBase64url(await crypto.subtle.sign("HMAC", keys.names, toBytes(entryId)));
}

// --- A user's keyring ---

/** @returns {Promise<CryptoKey>} what seals one user's keyring and their own readable copies; only ever kept wrapped */
export const newMasterKey = () =>
  crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);

/** @typedef {"keyring" | "keyring by the device"} Opener what a wrapping key was made from: the passphrase, or the device's own key */

/**
 * @param {Bytes} secret what the slow function made of the passphrase, or what the device gave
 * @param {Opener} opener
 * @returns {Promise<CryptoKey>}
 */
async function deriveWrappingKey(secret, opener) {
  return crypto.subtle.importKey("raw", await derive(secret, opener), "AES-KW", false, ["wrapKey", "unwrapKey"]);
}

/**
 * @param {CryptoKey} master
 * @param {Bytes} secret
 * @param {Opener} opener
 * @returns {Promise<ArrayBuffer>}
 */
export async function wrapMasterKey(master, secret, opener = "keyring") {
  return crypto.subtle.wrapKey("raw", master, await deriveWrappingKey(secret, opener), "AES-KW");
}

/**
 * @param {ArrayBuffer} wrapped
 * @param {Bytes} secret
 * @param {{ opener?: Opener, isToWrap?: boolean }} [how] isToWrap: only to be wrapped once more; else it is never exported again
 * @returns {Promise<CryptoKey | null>} null: another passphrase, or another device
 */
export async function unwrapMasterKey(wrapped, secret, { opener = "keyring", isToWrap = false } = {}) {
  const wrapping = await deriveWrappingKey(secret, opener);
  const uses = /** @type {KeyUsage[]} */ (["encrypt", "decrypt"]);
  try {
    return await crypto.subtle.unwrapKey("raw", wrapped, wrapping, "AES-KW", "AES-GCM", isToWrap, uses);
  } catch {
    return null;
  }
}

// --- Signing ---

/** @returns {Promise<{ secret: string, shown: JsonWebKey }>} a user's key pair: what the keyring keeps, what the register gets */
export async function newSigningKey() {
  const pair = await crypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const secret = toBase64url(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  return { secret, shown: /** @type {JsonWebKey} */ ({ kty, crv, x, y }) };
}

/** @param {string} secret */
export const readSigningKey = (secret) =>
  crypto.subtle.importKey("pkcs8", fromBase64url(secret), CURVE, false, ["sign"]);

/**
 * @param {CryptoKey} key
 * @param {unknown} value
 * @returns {Promise<string>} over its canonical JSON
 */
export async function sign(key, value) {
  return toBase64url(await crypto.subtle.sign(SIGNATURE, key, toBytes(canonicalJson(value))));
}

/**
 * @param {unknown} value
 * @returns {Promise<string>} SHA-256 of its canonical JSON, hexadecimal
 */
export async function digest(value) {
  return toHex(await crypto.subtle.digest("SHA-256", toBytes(canonicalJson(value))));
}

// --- The register's keys ---

/**
 * What a lease says, when the register signed it.
 *
 * @param {string} lease a JWS in its short form
 * @param {JsonWebKey} key
 * @returns {Promise<any>} null: altered, or of another register
 */
export async function readLease(lease, key) {
  const [head, body, signature, ...rest] = lease.split(".");
  if (!head || !body || !signature || rest.length > 0) return null;
  if (JSON.parse(toText(fromBase64url(head))).alg !== "ES256") return null;
  const checking = await crypto.subtle.importKey("jwk", withoutMarks(key), CURVE, false, ["verify"]);
  const isGenuine = await crypto.subtle.verify(
    SIGNATURE,
    checking,
    fromBase64url(signature),
    toBytes(`${head}.${body}`),
  );
  return isGenuine ? JSON.parse(toText(fromBase64url(body))) : null;
}

/** @param {JsonWebKey} key @returns {JsonWebKey} only what the browser's own import needs */
const withoutMarks = ({ kty, crv, x, y }) => /** @type {JsonWebKey} */ ({ kty, crv, x, y });

/**
 * Seal for the register alone: a fresh key pair for each, so that not even this tablet opens it again.
 *
 * @param {JsonWebKey & { kid?: string }} registerKey
 * @param {string} id of what is sealed; opens under no other
 * @param {unknown} value
 * @returns {Promise<{ id: string, kid: string, epk: JsonWebKey, iv: string, box: string }>}
 */
export async function sealForRegister(registerKey, id, value) {
  const exchange = { name: "ECDH", namedCurve: "P-256" };
  const theirs = await crypto.subtle.importKey("jwk", withoutMarks(registerKey), exchange, false, []);
  const ours = await crypto.subtle.generateKey(exchange, true, ["deriveBits"]);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours.privateKey, 256);
  const key = await deriveSealingKey(new Uint8Array(shared), "seal");
  const iv = randomBytes(NONCE_BYTES);
  const how = { name: "AES-GCM", iv, additionalData: toBytes(id) };
  const box = await crypto.subtle.encrypt(how, key, toBytes(canonicalJson(value)));
  const epk = withoutMarks(await crypto.subtle.exportKey("jwk", ours.publicKey));
  return { id, kid: registerKey.kid ?? "", epk, iv: toBase64url(iv), box: toBase64url(box) };
}
