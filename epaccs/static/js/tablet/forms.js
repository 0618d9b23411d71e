/**
 * A form that the register printed into the shell, and what was typed into it: read into the same body that the page of
 * the register sends. Knows no markup.
 */

import { toMoment } from "./clock.js";
import { realDay } from "./criteria.js";
import { findUnmet } from "./needs.js";

/**
 * @typedef {object} Field what is left out is as it mostly is
 * @property {string} name under which its boxes are named
 * @property {string} [path] where the answer stands in the body; else under its name
 * @property {string} kind
 * @property {string} label
 * @property {string} [called] its name within a sentence; else the label
 * @property {Record<string, string>} values words by code, in the order shown
 * @property {string} [ask] what is said where it is blank and must not be
 * @property {number} [limit]
 * @property {number} [lowest] @property {number} [highest]
 * @property {string} [earliest] the first day that can be meant
 * @property {boolean} [future] whether it may be still to come
 * @property {boolean} [passages] whether a passage can be marked that is not for the person
 * @property {string} [tier] who is asked, where it is not everybody who holds plans
 * @property {string} [otherwise] what it counts as when other parts beside it are said and it is not
 */
/** @typedef {{ fields: Field[], needs?: import("./needs.js").Need[] }} Declared */
/** @typedef {Record<string, string[]>} Typed what stands in the boxes, by their names */
/** @typedef {{ field: string, words: string }} Problem field: the name of the box it leads to */
/** @typedef {{ value?: unknown, says?: string, problem?: Problem }} Answer says: how its author reads it again */

/**
 * @param {Declared} declared
 * @param {Typed} typed
 * @param {number} now by the register's clock
 * @param {Typed | null} kept what stood in the boxes when the form was opened: only what was changed is said then, and
 *   what was cleared as null; null: everything is said
 * @returns {{ body: Record<string, any>, problems: Problem[], words: string[] }} words: each answer as a sentence
 */
export function readForm({ fields, needs = [] }, typed, now, kept = null) {
  const answers = fields.map((field) => ({ field, ...(READERS[field.kind] ?? readText)(field, typed, now) }));
  const said = kept ? answers.filter(({ field }) => isChanged(field, typed, kept)) : answers;
  const whole = buildBody(answers);
  const wrong = said.flatMap(({ problem }) => problem ?? []);
  const unread = new Set(answers.filter(({ problem }) => problem).map(({ field }) => pathOf(field)));
  const unmet = findUnmet([...asksOf(fields), ...needs], whole).filter(({ field }) => !unread.has(field));
  const missing = unmet.map(({ field, words }) => ({ field: boxOf(fields, field), words }));
  const body = kept ? buildBody(said.map((answer) => ({ value: null, ...answer }))) : whole;
  closeUp(body);
  return {
    body,
    problems: inOrder(fields, [...wrong, ...missing]),
    words: said.flatMap(({ field, says }) => (says || kept ? [sentenceOf(field.label, says || "(cleared)")] : [])),
  };
}

/** What a form refuses to be without. @param {Field[]} fields @returns {import("./needs.js").Need[]} */
const asksOf = (fields) =>
  fields.flatMap((field) =>
    field.ask ? [{ field: pathOf(field), words: field.ask, when: [[pathOf(field), "blank", []]], named: "" }] : [],
  );

/** @param {Field} field */
const pathOf = ({ path, name }) => path ?? name;

/** @param {Field} field @param {Typed} typed @param {Typed} kept */
const isChanged = ({ name, kind }, typed, kept) =>
  (BOXES[kind]?.map((box) => `${name}-${box}`) ?? [name]).some(
    (box) => JSON.stringify(typed[box] ?? []) !== JSON.stringify(kept[box] ?? []),
  );

const DAY_BOXES = ["day", "month", "year"];
const BOXES = /** @type {Record<string, string[]>} */ ({ date: DAY_BOXES, moment: [...DAY_BOXES, "time"] });

/**
 * An answer as it stands in the boxes of its field.
 *
 * @param {Field} field @param {unknown} value as the register keeps it @returns {Typed}
 */
export function toTyped({ name, kind }, value) {
  if (value === null || value === undefined || (kind === "tick" && !value)) return {};
  if (BOXES[kind]) return toBoxes(name, String(value));
  if (typeof value === "boolean") return { [name]: [value ? "yes" : "no"] };
  return { [name]: Array.isArray(value) ? value.map(String) : [String(value)] };
}

/** @param {string} name @param {string} value a day, or a moment @returns {Typed} */
function toBoxes(name, value) {
  const text = value.length > 10 ? BRITISH.format(Date.parse(value)).replace(", ", " ") : value;
  const [year = "", month = "", day = ""] = text.slice(0, 10).split("-");
  const boxes = { day: String(Number(day)), month: String(Number(month)), year, time: text.slice(11, 16) };
  return Object.fromEntries(Object.entries(boxes).map(([box, one]) => [`${name}-${box}`, [one]]));
}

/** @param {(Answer & { field: Field })[]} answers @returns {Record<string, any>} */
function buildBody(answers) {
  /** @type {Record<string, any>} */
  const body = {};
  for (const { field, value } of answers) if (value !== undefined) put(body, pathOf(field), value);
  for (const { field } of answers) if (field.otherwise) putBeside(body, pathOf(field), field.otherwise);
  return body;
}

/** @param {string} label @param {string} says */
const sentenceOf = (label, says) => `${label}${label.endsWith("?") ? "" : ":"} ${says}`;

// --- Boxes ---

/** The box to which a sentence about a part of the body leads. @param {Field[]} fields @param {string} path */
function boxOf(fields, path) {
  const field = fields.find((one) => pathOf(one) === path) ?? fields.find((one) => pathOf(one).startsWith(`${path}.`));
  if (!field) return "";
  return BOXES[field.kind] ? `${field.name}-day` : field.name;
}

/** As the form asks, so that the first sentence leads to the first box. @param {Field[]} fields @param {Problem[]} problems */
function inOrder(fields, problems) {
  const places = new Map(fields.map(({ name }, place) => [name, place]));
  const placeOf = (/** @type {Problem} */ { field }) => places.get(field.replace(/-(day|month|year|time)$/, "")) ?? -1;
  return problems.sort((one, other) => placeOf(one) - placeOf(other));
}

// --- Answers ---

/** @type {Record<string, (field: Field, typed: Typed, now: number) => Answer>} */
const READERS = {
  choice: (field, typed) => chosen(field, typed, (code) => code),
  list: (field, typed) => chosen(field, typed, (code) => code),
  yes_no: (field, typed) => chosen(field, typed, (code) => code === "yes"),
  tick: (field, typed) => chosen(field, typed, () => true),
  choices(field, typed) {
    const codes = Object.keys(field.values).filter((code) => typed[field.name]?.includes(code));
    return codes.length > 0 ? { value: codes, says: codes.map((code) => field.values[code]).join(", ") } : {};
  },
  number(field, typed) {
    const text = first(typed, field.name).trim();
    if (!text) return {};
    const [lowest, highest] = [field.lowest ?? 0, field.highest ?? 0];
    if (/^\d{1,9}$/.test(text) && lowest <= Number(text) && Number(text) <= highest)
      return { value: Number(text), says: text };
    const range = `from ${inThousands(lowest)} to ${inThousands(highest)}`;
    return refused(field.name, `Enter the ${calledOf(field)} as a whole number ${range}`);
  },
  date(field, typed, now) {
    const day = readDay(field, typed, now);
    return typeof day === "string" ? { value: day, says: toWords(day) } : day;
  },
  moment(field, typed, now) {
    const day = readDay(field, typed, now, ["time"]);
    if (typeof day !== "string") return day;
    const [box, called] = [`${field.name}-time`, calledOf(field)];
    const time = first(typed, box).normalize("NFKC").trim();
    if (!TIME.test(time))
      return refused(box, `Enter the time of the ${called} by the 24-hour clock, for example 14:05`);
    const at = readTimeOf(day, time);
    if (at === null) return refused(box, `Check the ${called}: the clocks went forward over that time`);
    if (!field.future && at > now) return refused(box, `The ${called} must be now or in the past`);
    return { value: toMoment(at), says: `${toWords(day)} ${time}` };
  },
};

/** @param {Field} field */
const calledOf = ({ called, label }) => called ?? startSmall(label.replace(/\?+$/, ""));

/** Within a sentence: "Date of birth" gets a small letter, "NHS number" keeps its capitals. @param {string} label */
const startSmall = (label) => (/^.\p{Lu}/u.test(label) ? label : `${label.slice(0, 1).toLowerCase()}${label.slice(1)}`);

/** @param {number} number */
const inThousands = (number) => number.toLocaleString("en-GB");

/** @param {string} field @param {string} words @returns {Answer} */
const refused = (field, words) => ({ problem: { field, words } });

/** @param {Typed} typed @param {string} name */
const first = (typed, name) => typed[name]?.[0] ?? "";

/** @param {Field} field @param {Typed} typed @param {(code: string) => unknown} meaningOf @returns {Answer} */
function chosen(field, typed, meaningOf) {
  const code = first(typed, field.name);
  return Object.hasOwn(field.values, code) ? { value: meaningOf(code), says: field.values[code] } : {};
}

/** @param {Field} field @param {Typed} typed @returns {Answer} */
function readText(field, typed) {
  const typedIn = first(typed, field.name).normalize("NFC").trim();
  const text = field.kind === "textarea" ? typedIn : typedIn.split(/\s+/).join(" ");
  const fault = field.limit ? faultOf(text, field, field.limit) : "";
  if (fault) return refused(field.name, fault);
  return text ? { value: text, says: text } : {};
}

/** @param {string} text @param {Field} field @param {number} limit */
function faultOf(text, field, limit) {
  const [called, length] = [calledOf(field), [...text].length];
  if (length > limit)
    return `Shorten the ${called}: it can hold ${inThousands(limit)} characters, and ${inThousands(length)} were entered`;
  if (field.passages) return faultOfPassages(text, called);
  return /\[\[|\]\]/.test(text)
    ? `Leave [[ and ]] out of the ${called}: a passage can be marked only in the free text of the plan`
    : "";
}

/**
 * Each passage from or about somebody else has a beginning, words and an end: as `core.passages.check_passages` (hazard H-41).
 *
 * @param {string} text @param {string} called
 */
function faultOfPassages(text, called) {
  const pieces = text.split(/(\[\[|\]\])/);
  const marks = pieces.flatMap((mark, place) => (place % 2 ? [{ mark, before: pieces[place - 1] ?? "" }] : []));
  const wrong = marks.findIndex(
    ({ mark, before }, place) => mark !== MARKS[place % 2] || (place % 2 && !before.trim()),
  );
  const { mark } = marks[wrong] ?? {};
  if (mark === undefined) return marks.length % 2 ? `Close the passage of the ${called} with ]] where it ends` : "";
  if (mark === MARKS[wrong % 2]) return `Put the words between [[ and ]] in the ${called}, or take both marks away`;
  return mark === "[["
    ? `Close each passage of the ${called} with ]] before the next [[`
    : `Put [[ before the passage of the ${called} that ends with ]]`;
}

const MARKS = ["[[", "]]"];

/**
 * A day typed into three boxes, with the refusals of the register: as `core.fields.parse_date_parts`.
 *
 * @param {Field} field
 * @param {Typed} typed
 * @param {number} now
 * @param {string[]} besides further boxes that belong to it
 * @returns {string | Answer} the day, such as 1941-01-06; or what is wrong; nothing, if nothing stands there
 */
function readDay(field, typed, now, besides = []) {
  const [name, called] = [field.name, calledOf(field)];
  const boxes = DAY_BOXES.map((box) => first(typed, `${name}-${box}`).normalize("NFKC").trim());
  const blank = DAY_BOXES.filter((_, place) => !boxes[place]);
  if (blank.length === DAY_BOXES.length)
    return besides.every((box) => !first(typed, `${name}-${box}`).trim())
      ? {}
      : refused(`${name}-day`, `Enter the ${called}`);
  if (blank.length > 0) return refused(`${name}-${blank[0]}`, `Enter the ${blank.join(" and the ")} of the ${called}`);
  const odd = DAY_BOXES.find((box, place) => !(box === "month" ? /^(\d+|[a-z]+)$/i : /^\d+$/).test(boxes[place] ?? ""));
  if (odd) return refused(`${name}-${odd}`, `Enter the ${odd} of the ${called} as a number`);
  const [day = "", month = "", year = ""] = boxes;
  return findDay(day, monthOf(month), year, { field, called, now });
}

/**
 * @param {string} day @param {number} month 0: none @param {string} year
 * @param {{ field: Field, called: string, now: number }} about
 * @returns {string | Answer}
 */
function findDay(day, month, year, { field, called, now }) {
  const { name, earliest = "1900-01-01", future } = field;
  if (year.length !== 4)
    return refused(`${name}-year`, `Enter the year of the ${called} with four digits, for example 1941`);
  if (Number(year) === 0) return refused(`${name}-year`, `The ${called} must be a real date: there was no year 0000`);
  if (month === 0)
    return refused(`${name}-month`, `Enter the month of the ${called} as 1 to 12 or by its English name`);
  const real = day.length > 2 ? null : realDay(Number(year), month, Number(day));
  if (real === null) {
    const days = new Date(Date.UTC(2000 + (Number(year) % 400), month, 0)).getUTCDate();
    return refused(`${name}-day`, `The ${called} must be a real date: ${MONTHS[month - 1]} ${year} has ${days} days`);
  }
  if (real < earliest) return refused(`${name}-day`, `The ${called} must be on or after ${toWords(earliest)}`);
  if (!future && real > dayOf(now)) return refused(`${name}-day`, `The ${called} must be today or in the past`);
  return real;
}

const MONTHS = [
  ...["January", "February", "March", "April", "May", "June", "July"],
  ...["August", "September", "October", "November", "December"],
];

/** @param {string} month a number, or its name @returns {number} 0: none */
function monthOf(month) {
  if (/^\d+$/.test(month)) return month.length <= 2 && Number(month) <= 12 ? Number(month) : 0;
  return month.length < 3 ? 0 : MONTHS.findIndex((name) => name.toLowerCase().startsWith(month.toLowerCase())) + 1;
}

const TIME = /^([01]?[0-9]|2[0-3])[:.]?([0-5][0-9])$/;

/** When British clocks showed this time on this day; in the hour that autumn repeats, the first. @param {string} day @param {string} time @returns {number | null} */
export function readTimeOf(day, time) {
  const [, hours = "", minutes = ""] = TIME.exec(time) ?? [];
  if (!minutes) return null;
  const asUtc = Date.parse(`${day}T${hours.padStart(2, "0")}:${minutes}:00Z`);
  const wanted = `${day} ${hours.padStart(2, "0")}:${minutes}`;
  return [asUtc - 3_600_000, asUtc].find((at) => BRITISH.format(at).replace(", ", " ") === wanted) ?? null;
}

const BRITISH = new Intl.DateTimeFormat("en-CA", {
  timeZone: "Europe/London",
  hourCycle: "h23",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
});

/** @param {number} at */
const dayOf = (at) => BRITISH.format(at).slice(0, 10);

/** @param {string} day @returns {string} 06-Jan-1941 */
function toWords(day) {
  const name = MONTHS[Number(day.slice(5, 7)) - 1] ?? "";
  return `${day.slice(8)}-${name.slice(0, 3)}-${day.slice(0, 4)}`;
}

// --- The body ---

/** @param {Record<string, any>} body @param {string} path @param {unknown} value */
function put(body, path, value) {
  const way = path.split(".");
  const last = String(way.pop());
  let place = body;
  for (const step of way) {
    place[step] ??= {};
    place = place[step];
  }
  place[last] = value;
}

/** @param {Record<string, any>} body @param {string} path @param {string} value */
function putBeside(body, path, value) {
  const way = path.split(".");
  const last = String(way.pop());
  const place = way.reduce((part, step) => part?.[step], /** @type {any} */ (body));
  if (place && !(last in place)) place[last] = value;
}

/** People stand in a list, in the order of their boxes, without those of whom nothing is said. @param {Record<string, any>} body */
function closeUp(body) {
  const { consultation } = body;
  if (consultation?.people) consultation.people = Object.values(consultation.people);
}
