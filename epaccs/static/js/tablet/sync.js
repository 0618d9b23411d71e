/**
 * When the register is asked, by which page of this tablet, and what follows from its answers.
 *
 * Sending and fetching do not wait for each other. What is sealed travels without a sign-in, also while the tablet is
 * locked; people are fetched only while somebody whose lease holds has unlocked it. One page at a time speaks.
 */

import { Contact } from "./contact.js";
import { Fetching } from "./fetching.js";
import { Leases } from "./leases.js";
import { Sending } from "./sending.js";

const LEAST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 15 * 60_000;

/**
 * How long to wait after so many failures: doubled each time, and at random within, so that five hundred tablets do not
 * come back at the same moment; never sooner than the register asked for.
 *
 * @param {number} failures one after the other
 * @param {number} retryAfter seconds; 0: not said
 * @param {number} chance between 0 and 1
 */
export function backoff(failures, retryAfter, chance) {
  const most = Math.min(LONGEST_WAIT_MS, LEAST_WAIT_MS * 2 ** Math.min(failures - 1, 10));
  return retryAfter * 1000 + LEAST_WAIT_MS / 2 + chance * (most - LEAST_WAIT_MS / 2);
}

/**
 * @typedef {object} Parts
 * @property {import("./store.js").Store} store
 * @property {import("./vault.js").Vault} vault
 * @property {import("./clock.js").Clock} clock
 * @property {import("./copies.js").Copies} copies
 * @property {import("./outbox.js").Outbox} outbox
 * @property {import("./photos.js").Photos} photos
 * @property {import("./audit.js").Audit} audit
 * @property {import("./transport.js").Ask} ask
 * @property {() => Promise<Record<string, unknown>>} describe what the tablet says of itself
 * @property {() => void} onChange something was fetched, sent or refused
 */

export class Sync {
  #parts;
  #contact;
  #leases;
  #sending;
  #fetching;
  #failures = 0;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#contact = new Contact(parts.store, parts.clock);
    this.#leases = new Leases(parts);
    this.#sending = new Sending(parts, this.#contact);
    this.#fetching = new Fetching(parts, this.#contact, this.#leases);
  }

  get state() {
    return this.#contact.state;
  }

  /** Send what waits, then fetch what is new, and say when to come again. @returns {Promise<number>} milliseconds */
  async round() {
    this.#contact.begin();
    this.#fetching.begin();
    const went = await this.#sending.sendAll();
    const mayFetch = this.#parts.vault.unlocked && (went || this.#contact.wasRefused);
    const came = (mayFetch ? await this.#fetching.fetchAll() : true) && went;
    if (came) await this.#sending.sendPhotos();
    await this.#fetching.lookAtRoom(came);
    this.#failures = came ? 0 : this.#failures + 1;
    this.#parts.onChange();
    return came
      ? this.#fetching.nextPollMs * (0.75 + Math.random() / 2)
      : backoff(this.#failures, this.#contact.retryAfter, Math.random());
  }

  /** Somebody made room on the device and asks at once. */
  wantPlans() {
    this.#fetching.wantPlans();
  }

  /** Renew the reader's lease when half of it has passed. */
  renewInTime() {
    return this.#leases.renewInTime();
  }

  /** Another lease for whoever signed in. @param {Record<string, string>} shown */
  askForLease(shown) {
    return this.#leases.ask(shown);
  }
}
