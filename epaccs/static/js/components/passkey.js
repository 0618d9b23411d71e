/**
 * A form that is answered by a passkey: asks the browser for it when the form is sent, and sends what it signed.
 * What is asked stands in `data-options`, as the register wrote it down.
 */

/** @param {string} text */
function toBytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}

/** @param {ArrayBuffer} bytes */
function toText(bytes) {
  const plain = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {any[]} credentials */
const withBytes = (credentials) => credentials.map((one) => ({ ...one, id: toBytes(one.id) }));

/** @param {any} options */
async function add(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials ?? []),
    },
  });
  const { response } = /** @type {PublicKeyCredential & { response: AuthenticatorAttestationResponse }} */ (made);
  return {
    clientDataJSON: toText(response.clientDataJSON),
    attestationObject: toText(response.attestationObject),
    id: /** @type {PublicKeyCredential} */ (made).id,
  };
}

/** @param {any} options */
async function use(options) {
  const made = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: withBytes(options.allowCredentials ?? []),
    },
  });
  const { response } = /** @type {PublicKeyCredential & { response: AuthenticatorAssertionResponse }} */ (made);
  return {
    clientDataJSON: toText(response.clientDataJSON),
    authenticatorData: toText(response.authenticatorData),
    signature: toText(response.signature),
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
}
