/** Another lease in time: who may read here, and until when, is the register's to say. */

import { aboutNow } from "./contact.js";
import { readJson } from "./transport.js";

export class Leases {
  #parts;
  #renewedFor = "";

  /** @param {import("./sync.js").Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * Another lease, for whoever shows the one they have, or the token of their sign-in in this browser.
   *
   * @param {Record<string, string>} shown
   * @returns {Promise<import("./vault.js").Answer | null>} null: the register gave none
   */
  async ask(shown) {
    const { store, ask } = this.#parts;
    const reply = await ask("/sync/v1/lease", { device_id: await store.meta("device_id"), ...aboutNow() }, shown);
    return reply.kind === "answer" ? readJson(reply.text) : null;
  }

  /**
   * Another lease for whoever reads. Asked for when half of the one they have has passed, and when a key is missing.
   *
   * @returns {Promise<boolean>}
   */
  async renew() {
    const { vault, copies } = this.#parts;
    const here = vault.unlocked;
    if (!here) return false;
    const answer = await this.ask({ Authorization: `Bearer ${here.lease}` });
    if (answer?.user?.id !== here.user.id) return false;
    await vault.renew(answer);
    await copies.load();
    return true;
  }

  /** Renew when half of the lease has passed; tried once for each lease. */
  async renewInTime() {
    const here = this.#parts.vault.unlocked;
    if (!here || this.#renewedFor === here.claims.jti) return;
    const half = ((here.claims.iat + here.claims.exp) / 2) * 1000;
    if (this.#parts.clock.now() < half) return;
    this.#renewedFor = here.claims.jti;
    await this.renew();
  }
}
