/** A device with a lock of its own, as a browser shows it to a page: `navigator.credentials` with its PRF. */

import { randomBytes, toBase64url } from "../../epaccs/static/js/tablet/bytes.js";

const FLAGS_AT = 32;

export class Platform {
  /** What it was asked to make. */
  made = [];
  isConfirming = true;
  isLooking = true;
  hasKey = true;
  givesAtOnce = true;
  answersLater = false;
  #heard = () => {};
  /** Over when it was asked for a key. */
  isAsked = new Promise((resolve) => (this.#heard = resolve));
  #secrets = new Map();
  #answersWith = null;

  constructor(hostname = "register.example", kind = {}) {
    this.location = { hostname };
    this.PublicKeyCredential = { isUserVerifyingPlatformAuthenticatorAvailable: async () => true, ...kind };
    this.navigator = { credentials: { create: (asked) => this.#create(asked), get: (asked) => this.#get(asked) } };
  }

  /** Its owner took every credential away. */
  forgets() {
    this.#secrets.clear();
  }

  /** It answers with a credential that was not asked for. */
  answersWith(id) {
    this.#answersWith = toBase64url(id);
  }

  async #create({ publicKey }) {
    this.#confirm();
    this.made.push(publicKey);
    const id = randomBytes(16);
    this.#secrets.set(toBase64url(id), randomBytes(32));
    const results = this.givesAtOnce ? await this.#evaluate(id, publicKey) : undefined;
    return this.#answer(id, { prf: { enabled: this.hasKey, ...(this.hasKey && results) } });
  }

  async #get({ publicKey, signal }) {
    this.#confirm();
    this.#heard();
    signal.throwIfAborted();
    if (this.answersLater) await new Promise((_, reject) => (signal.onabort = () => reject(signal.reason)));
    const asked = publicKey.allowCredentials.map(({ id }) => id).find((id) => this.#secrets.has(toBase64url(id)));
    if (!asked) throw new DOMException("There is no such credential", "NotAllowedError");
    const results = await this.#evaluate(asked, publicKey);
    return this.#answer(asked, this.hasKey ? { prf: results } : {});
  }

  #confirm() {
    if (!this.isConfirming) throw new DOMException("Nobody confirmed", "NotAllowedError");
  }

  async #evaluate(id, { extensions }) {
    const secret = this.#secrets.get(toBase64url(id));
    const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return { results: { first: await crypto.subtle.sign("HMAC", key, extensions.prf.eval.first) } };
  }

  #answer(id, results) {
    const data = new Uint8Array(37);
    data[FLAGS_AT] = this.isLooking ? 0x05 : 0x01;
    return {
      rawId: this.#answersWith ? new TextEncoder().encode(this.#answersWith).buffer : id.buffer,
      response: { authenticatorData: data.buffer, getAuthenticatorData: () => data.buffer },
      getClientExtensionResults: () => results,
    };
  }
}
