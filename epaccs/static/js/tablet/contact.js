/**
 * How the tablet stands with the register: what the last question came to, and what time it was there.
 */

import { NoRoom, RESERVE_PIECES } from "./store.js";

/** @typedef {"quiet" | "fetching" | "away" | "portal" | "sign-in" | "erased" | "no-room" | "update"} Phase */
/** @typedef {{ phase: Phase, lastContact: number, fetched: number, expected: number, missingPlans: number, reserve: number }} State what the strip shows; lastContact by the register's clock, 0: never; reserve: pieces that are laid aside */

export const PROGRAM = "2026.11.4";

/** What every question says besides. */
export const aboutNow = () => ({ program: PROGRAM, now_device: new Date().toISOString() });

export class Contact {
  #store;
  #clock;
  /** @type {State} */
  state = { phase: "quiet", lastContact: 0, fetched: 0, expected: 0, missingPlans: 0, reserve: RESERVE_PIECES };
  /** What the register asked for in this round, in seconds; 0: nothing. */
  retryAfter = 0;
  /** Whether the register answered and would not take what was sent: what is new is fetched all the same. */
  wasRefused = false;

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./clock.js").Clock} clock
   */
  constructor(store, clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** A round begins: nothing of the one before counts. */
  begin() {
    this.retryAfter = 0;
    this.wasRefused = false;
  }

  /** @param {Partial<State>} state */
  set(state) {
    this.state = { ...this.state, ...state };
  }

  /** The question came to nothing. @param {import("./transport.js").Reply} reply @returns {false} */
  failed(reply) {
    this.retryAfter = reply.retryAfter;
    this.wasRefused = reply.kind === "refused" && reply.retryAfter === 0;
    this.set({ phase: reply.kind === "portal" ? "portal" : "away" });
    return false;
  }

  /** The register answered: its clock is the tablet's from here. @param {string} serverTime */
  async answered(serverTime) {
    const at = Date.parse(serverTime);
    this.#clock.contact(at);
    this.set({ phase: "quiet", lastContact: at });
    await this.#keepClock();
  }

  /** What time it is by the register, for the next start; where there is no room for it, what was kept before holds. */
  async #keepClock() {
    try {
      await this.#store.setMeta({ clock: this.#clock.saved(), last_contact: this.state.lastContact });
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
      this.set({ phase: "no-room" });
    }
  }
}
