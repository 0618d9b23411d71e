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

/** How far the tablet's clock may go back, or stand beside the register's, before it is not believed any more. */
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

  /** Whether somebody must be told so: times that they read here are not those of the tablet's own clock. */
  differs() {
    return Math.abs(this.offset()) > LEEWAY_MS;
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

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** Made once: to make one costs as much as hundreds of its answers. */
const BRITISH = new Intl.DateTimeFormat("en-GB", {
  ...{ timeZone: "Europe/London", hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit" },
  ...{ hour: "2-digit", minute: "2-digit" },
});

/** @param {number} milliseconds @returns {Record<string, string>} year, month, day, hour and minute by British clocks */
const partsOf = (milliseconds) =>
  Object.fromEntries(BRITISH.formatToParts(milliseconds).map(({ type, value }) => [type, value]));

/**
 * @param {number} milliseconds
 * @returns {string} 14:05 by British clocks
 */
export function toTime(milliseconds) {
  const { hour, minute } = partsOf(milliseconds);
  return `${hour}:${minute}`;
}

/**
 * @param {number} milliseconds
 * @returns {string} 20-Nov-2026 by British clocks
 */
export function toDay(milliseconds) {
  const { day, month, year } = partsOf(milliseconds);
  return `${day}-${MONTHS[Number(month) - 1]}-${year}`;
}

/**
 * @param {number} milliseconds
 * @returns {string} 2026-11-20 by British clocks
 */
export function toISODay(milliseconds) {
  const { day, month, year } = partsOf(milliseconds);
  return `${year}-${month}-${day}`;
}

/**
 * @param {number} milliseconds
 * @returns {number} the day on which it happened, by British clocks, counted from 1970
 */
export const dayNumber = (milliseconds) => Date.parse(toISODay(milliseconds)) / DAY_MS;

/**
 * A time of today by British clocks; one that is still to come was yesterday's. Of a time that comes twice in a night, the
 * later one that has been.
 *
 * @param {string} typed
 * @param {number} now
 * @returns {number | null} null: it is no time of the day, or there was none in these 24 hours
 */
export function readTime(typed, now) {
  const [, hours, minutes] = /^([01]?[0-9]|2[0-3])[:.]?([0-5][0-9])$/.exec(typed.trim()) ?? [];
  if (!hours || !minutes) return null;
  const wanted = `${hours.padStart(2, "0")}:${minutes}`;
  const latest = now - (now % MINUTE_MS);
  for (let at = latest; at > latest - DAY_MS; at -= MINUTE_MS) if (toTime(at) === wanted) return at;
  return null;
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
