/**
 * What time it is by the register's clock, without asking the register (docs/offline.md, Time).
 *
 * Three things say how late it is at least: the register's clock at the last contact with the steps of this tablet's own
 * clock since, the same with its steady counter (which nobody sets, but which may sleep with the tablet), and the latest
 * moment ever worked out. The latest of them counts: a copy may look older than it is, never younger (hazard H-53).
 */

/**
 * @typedef {object} Sources
 * @property {() => number} device milliseconds since 1970 by the tablet's own clock, which anybody may set
 * @property {() => number} monotonic milliseconds that only go forward
 */

/**
 * @typedef {object} SavedClock what is kept when the program ends; milliseconds since 1970
 * @property {number} server the register's clock at the last contact
 * @property {number} device the tablet's clock at that moment
 * @property {number} seen the latest moment worked out
 * @property {number} seenDevice the tablet's clock at that moment
 */

/** How far the tablet's clock may go back before it is not believed any more. */
export const LEEWAY_MS = 2 * 60_000;

export class Clock {
  #sources;
  #saved;
  #monotonicAtStart;
  #nowAtStart;

  /**
   * @param {Sources} sources
   * @param {SavedClock | null} saved
   */
  constructor(sources, saved = null) {
    const device = sources.device();
    this.#sources = sources;
    this.#saved = saved ?? { server: device, device, seen: device, seenDevice: device };
    this.#monotonicAtStart = sources.monotonic();
    this.#nowAtStart = this.#byDevice();
  }

  /**
   * The register said what time it is: nothing else is believed from here.
   *
   * @param {number} server
   */
  contact(server) {
    const device = this.#sources.device();
    this.#saved = { server, device, seen: server, seenDevice: device };
    this.#monotonicAtStart = this.#sources.monotonic();
    this.#nowAtStart = server;
  }

  /** @returns {number} milliseconds since 1970, never less than before */
  now() {
    const counted = this.#nowAtStart + this.#sources.monotonic() - this.#monotonicAtStart;
    const now = Math.floor(Math.max(counted, this.#byDevice(), this.#saved.seen));
    this.#saved = { ...this.#saved, seen: now, seenDevice: Math.max(this.#sources.device(), this.#saved.seenDevice) };
    return now;
  }

  /** Go on from here by the tablet's own clock, though it was set back: somebody said why. */
  accept() {
    const [now, device] = [this.now(), this.#sources.device()];
    this.#saved = { server: now, device, seen: now, seenDevice: device };
  }

  /** Somebody set the tablet's clock back since it was last looked at: how long a lease lasts cannot be told. */
  wasSetBack() {
    return this.#sources.device() < this.#saved.seenDevice - LEEWAY_MS;
  }

  /** By how much the tablet's own clock differs from the register's; positive: it is ahead. */
  offset() {
    return this.#sources.device() - this.now();
  }

  /** @returns {SavedClock} */
  saved() {
    return this.#saved;
  }

  #byDevice() {
    return Math.max(this.#saved.server + this.#sources.device() - this.#saved.device, this.#saved.seen);
  }
}

/**
 * @param {number} milliseconds
 * @returns {string} UTC, to the microsecond, as the register writes it
 */
export const toMoment = (milliseconds) => new Date(milliseconds).toISOString().replace(/Z$/, "000Z");

const PART_FORMAT = /** @type {const} */ ({
  timeZone: "Europe/London",
  hourCycle: "h23",
  hour: "2-digit",
  minute: "2-digit",
});
const DAY_FORMAT = /** @type {const} */ ({
  timeZone: "Europe/London",
  day: "2-digit",
  month: "short",
  year: "numeric",
});

/**
 * @param {number} milliseconds
 * @returns {string} 14:05 by British clocks
 */
export const toTime = (milliseconds) => new Intl.DateTimeFormat("en-GB", PART_FORMAT).format(milliseconds);

/**
 * @param {number} milliseconds
 * @returns {string} 20-Nov-2026 by British clocks
 */
export function toDay(milliseconds) {
  const parts = new Intl.DateTimeFormat("en-GB", DAY_FORMAT).formatToParts(milliseconds);
  const part = (/** @type {string} */ type) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("day")}-${part("month").slice(0, 3)}-${part("year")}`;
}

/**
 * The time alone on the same day, else with its day.
 *
 * @param {number} milliseconds
 * @param {number} now
 */
export const toDayAndTime = (milliseconds, now) =>
  toDay(milliseconds) === toDay(now) ? toTime(milliseconds) : `${toDay(milliseconds)} ${toTime(milliseconds)}`;

/**
 * How long ago, in the largest unit that tells something: "53 minutes", "7 hours", "3 days".
 *
 * @param {number} milliseconds
 */
export function toAge(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} hours`;
  return `${Math.floor(hours / 24)} days`;
}
