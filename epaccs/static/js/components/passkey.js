/**
 * A form that is answered by a passkey: asks the browser for it when the form is sent, and sends what it signed.
 * What is asked stands in `data-options`, as the register wrote it down. Its button can be pressed from now on: before,
 * the form would be sent without an answer, and that counts as a try.
 */

import { fromBase64url, toBase64url } from "../tablet/bytes.js";

/** @param {any[]} credentials */
const withBytes = (credentials) => credentials.map((one) => ({ ...one, id: fromBase64url(one.id) }));

/** @param {any} options */
async function add(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: fromBase64url(options.challenge),
      user: { ...options.user, id: fromBase64url(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials ?? []),
    },
  });
  const { response } = /** @type {PublicKeyCredential & { response: AuthenticatorAttestationResponse }} */ (made);
  return {
    clientDataJSON: toBase64url(response.clientDataJSON),
    attestationObject: toBase64url(response.attestationObject),
    id: /** @type {PublicKeyCredential} */ (made).id,
  };
}

/** @param {any} options */
async function use(options) {
  const made = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: fromBase64url(options.challenge),
      allowCredentials: withBytes(options.allowCredentials ?? []),
    },
  });
  const { response } = /** @type {PublicKeyCredential & { response: AuthenticatorAssertionResponse }} */ (made);
  return {
    clientDataJSON: toBase64url(response.clientDataJSON),
    authenticatorData: toBase64url(response.authenticatorData),
    signature: toBase64url(response.signature),
    id: /** @type {PublicKeyCredential} */ (made).id,
  };
}

/** @param {any} options */
async function ask(options) {
  const { id, ...response } = "user" in options ? await add(options) : await use(options);
  return JSON.stringify({ id, rawId: id, type: "public-key", response, clientExtensionResults: {} });
}

/** @param {HTMLFormElement} form */
export function connect(form) {
  const answer = /** @type {HTMLInputElement} */ (form.elements.namedItem("answer"));
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      answer.value = await ask(JSON.parse(form.dataset.options ?? "{}"));
    } catch {
      // Closed, refused or not there: the register says so on the page, with what else can be done.
      answer.value = "";
    }
    form.submit();
  });
  button.disabled = false;
  button.removeAttribute("aria-disabled");
}
