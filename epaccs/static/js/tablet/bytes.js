/** Bytes and the texts they travel as. */

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * @param {string} text
 * @returns {Bytes}
 */
export const toBytes = (text) => encoder.encode(text);

/**
 * @param {BufferSource} bytes
 * @returns {string}
 */
export const toText = (bytes) => decoder.decode(bytes);

/**
 * @param {ArrayBuffer | Bytes} bytes
 * @returns {string} base64url without padding
 */
export function toBase64url(bytes) {
  let binary = "";
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * @param {string} text base64url, padded or not
 * @returns {Bytes}
 */
export function fromBase64url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/**
 * @param {ArrayBuffer | Bytes} bytes
 * @returns {string} two small digits for each byte
 */
export const toHex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * @param {number} count
 * @returns {Bytes}
 */
export const randomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));

/**
 * A fresh UUID version 7: random, and later ones sort behind earlier ones. Source: RFC 9562, section 5.7.
 *
 * @param {number} milliseconds since 1970
 * @returns {string}
 */
export function newId(milliseconds = Date.now()) {
  const digits = milliseconds.toString(16).padStart(12, "0") + toHex(randomBytes(10));
  const variant = "89ab"[Number.parseInt(digits.charAt(16), 16) % 4];
  const whole = `${digits.slice(0, 12)}7${digits.slice(13, 16)}${variant}${digits.slice(17)}`;
  return whole.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
