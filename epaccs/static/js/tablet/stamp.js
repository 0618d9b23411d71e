/**
 * The stamp of a printed sheet: what its square code says, and whether the register said so. Needs no network.
 *
 * How the bytes lie stands in `epaccs/stamps/rules.py`. Source: RFC 8032; hazard H-70; decision record 0044.
 */

import { fromBase64url, toBase64url, toBytes, toHex, toText } from "./bytes.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/** @typedef {{ id: string, key: string, withdrawn: boolean }} Key of a register: what tells its stamps from others */

/**
 * @typedef {object} Facts what the paper should say
 * @property {string} code the number of the sheet, without its dash
 * @property {number} at the moment as at which it is valid, milliseconds since 1970, to the minute
 * @property {number} line which line about CPR stands on it
 * @property {number} cprVersion 0: nothing is recorded
 * @property {number} legalVersion 0: nothing is recorded
 * @property {number} change the last change of the register that the sheet knows of
 * @property {number | null} birthYear null: none is shown
 * @property {string} lastFour of the NHS number; empty: none is shown
 * @property {string} initials
 */

/**
 * genuine: these are the facts that the register printed.
 * withdrawn: signed with a key that somebody else may have; not believed.
 * altered: changed since it was signed, or signed by somebody else in the name of a key that is known.
 * unknown: signed with a key that is not known here, by another register or since the keys were last told.
 * unreadable: no stamp, or a part of one.
 * unable: this browser cannot tell.
 *
 * @typedef {"genuine" | "withdrawn" | "altered" | "unknown" | "unreadable" | "unable"} Standing
 */

const FORMAT = 1;
const HEAD_BYTES = 30;
const SIGNATURE_BYTES = 64;
const MOST_BYTES = 120;
const NO_DIGITS = 0xffff;
const SIGNED_FOR = toBytes("epaccs sheet stamp\n");
const MINUTE = 60_000;

/**
 * What a stamp says; facts only of a genuine one, so that nobody reads what somebody else put there.
 *
 * @param {string} text
 * @param {readonly Key[]} keys every key of the registers that are believed
 * @returns {Promise<{ standing: Standing, facts: Facts | null }>}
 */
export async function readStamp(text, keys) {
  const parts = takeApart(text);
  if (!parts) return { standing: "unreadable", facts: null };
  const key = keys.find(({ id }) => id === parts.keyId);
  if (!key) return { standing: "unknown", facts: null };
  const isOurs = await isSigned(parts, key);
  if (isOurs === null) return { standing: "unable", facts: null };
  if (!isOurs) return { standing: "altered", facts: null };
  return key.withdrawn ? { standing: "withdrawn", facts: null } : { standing: "genuine", facts: readFacts(parts.said) };
}

/** @typedef {{ said: Bytes, signature: Bytes, keyId: string }} Parts */

/** @param {string} text @returns {Parts | null} null: it cannot be a stamp of a format that is known here */
function takeApart(text) {
  const bytes = decode(text);
  if (!bytes || bytes.length < HEAD_BYTES + SIGNATURE_BYTES || bytes.length > MOST_BYTES) return null;
  if (bytes[0] !== FORMAT) return null;
  const said = bytes.slice(0, -SIGNATURE_BYTES);
  return { said, signature: bytes.slice(-SIGNATURE_BYTES), keyId: toHex(said.slice(1, 5)) };
}

/** One text for the same bytes: any other was changed. @param {string} text */
function decode(text) {
  try {
    const bytes = fromBase64url(text);
    return toBase64url(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}

/** @param {Parts} parts @param {Key} key @returns {Promise<boolean | null>} null: this browser cannot tell */
async function isSigned({ said, signature }, key) {
  const signed = new Uint8Array([...SIGNED_FOR, ...said]);
  try {
    const verifier = await crypto.subtle.importKey("raw", fromBase64url(key.key), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", verifier, signature, signed);
  } catch {
    return null;
  }
}

/** @param {Bytes} said @returns {Facts} */
function readFacts(said) {
  const view = new DataView(said.buffer, said.byteOffset);
  const lastFour = view.getUint16(28);
  return {
    code: toText(said.slice(5, 13)),
    at: view.getUint32(13) * MINUTE,
    line: view.getUint8(17),
    cprVersion: view.getUint16(18),
    legalVersion: view.getUint16(20),
    change: view.getUint32(22),
    birthYear: view.getUint16(26) || null,
    lastFour: lastFour === NO_DIGITS ? "" : String(lastFour).padStart(4, "0"),
    initials: toText(said.slice(HEAD_BYTES)),
  };
}
