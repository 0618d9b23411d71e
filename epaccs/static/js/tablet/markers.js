/**
 * What a tablet says of the marker that hangs in a home: whose it is, if they are on this tablet. A marker bears a code and a
 * digest that says nothing by itself; the tablet works the digest out for everybody it holds. It never says anything of CPR,
 * and it cannot know whether the marker was reported lost: it leads only where search leads too (hazard H-74).
 */

import { toBase64url, toBytes } from "./bytes.js";
import { toDay } from "./clock.js";

/** @typedef {import("./copies.js").Known} Known */
/** @typedef {import("./sheets.js").Judgement} Judgement */

/** As `epaccs/markers/rules.py` has it. */
const DIGEST_OF = "epaccs home marker";
const DIGEST_BYTES = 12;
const DIGEST_LETTERS = 16;
/** So many people are looked at before others may use the tablet again: a few milliseconds. */
const AT_ONCE = 500;

/** @typedef {{ code: string, digest: string }} Marker what its square code holds; a digest of another length was not read whole */

/** The marker whose square code was read; null: it is none. @param {string} scanned @returns {Marker | null} */
export function readMarker(scanned) {
  const [, first, second, digest] = /^https?:\/\/[^#]*\/m\/(\w{5})-(\w{5})(?:#([\w-]*))?$/.exec(scanned) ?? [];
  return first ? { code: `${first}${second}`, digest: digest ?? "" } : null;
}

/**
 * @param {Marker} marker
 * @param {{ people: Iterable<Known>, open: Known | null }} around `open`: whose record is open; null: nobody's
 * @returns {Promise<Judgement>}
 */
export async function judgeMarker(marker, { people, open }) {
  if (marker.digest.length !== DIGEST_LETTERS) return NOT_WHOLE;
  const person = await findPerson(marker, people);
  const alarms = [...alarmsOf(person, open)];
  const isAlarm = alarms.length > 0;
  return {
    heading: headingOf(person, open),
    isAlarm,
    alarms,
    notes: person ? notesOf(person) : [NOBODY, NO_ANSWER],
    facts: person ? factsOf(person) : [],
    person,
  };
}

const NOBODY = "Somebody may be on the register and not on this tablet. Search for the person by name.";
const NO_ANSWER = "This does not mean that there is no CPR decision. Ring and ask, and look for a signed form.";

/** @type {Judgement} */
const NOT_WHOLE = {
  heading: "This marker was not read whole",
  isAlarm: false,
  alarms: [],
  notes: ["Read it again, or search for the person by name.", NO_ANSWER],
  facts: [],
  person: null,
};

/** @param {Known | null} person @param {Known | null} open */
function headingOf(person, open) {
  if (!person) return "Nobody on this tablet has this marker";
  return open && person.id !== open.id ? "A marker of somebody else" : "A marker of this person";
}

/** @param {Known | null} person @param {Known | null} open */
function* alarmsOf(person, open) {
  if (open && person?.id !== open.id)
    yield `This marker is not of ${nameOf(open)}, whose record is open. Compare who is in front of you.`;
}

/** @param {Known} person */
function notesOf(person) {
  const { died_on } = person.keys.shown;
  return [
    ...(died_on ? [`Died, or reported to have died, ${toDay(Date.parse(died_on))}.`] : []),
    "A marker says where it was hung, not who lies there. Compare who is in front of you.",
  ];
}

/** @param {Known} person */
function nameOf({ keys }) {
  const { family_name = "", given_name = "" } = keys.shown;
  return `${family_name.toUpperCase()}, ${given_name}`;
}

/** @param {Known} person @returns {[string, string][]} */
function factsOf(person) {
  const { keys } = person;
  return [
    ["Name", nameOf(person)],
    ["Born", keys.born ? toDay(Date.parse(`${keys.born}T12:00:00Z`)) : "Not recorded"],
    ["NHS No.", keys.nhs ? keys.nhs.replace(/^(\d{3})(\d{3})/, "$1 $2 ") : "None"],
  ];
}

/** @param {Marker} marker @param {Iterable<Known>} people @returns {Promise<Known | null>} */
async function findPerson({ code, digest }, people) {
  const waiting = [...people];
  while (waiting.length > 0) {
    const some = waiting.splice(-AT_ONCE);
    const digests = await Promise.all(some.map(({ id }) => digestOf(code, id)));
    const found = some[digests.indexOf(digest)];
    if (found) return found;
  }
  return null;
}

/** @param {string} code @param {string} entryId @returns {Promise<string>} */
async function digestOf(code, entryId) {
  const said = await crypto.subtle.digest("SHA-256", toBytes(`${DIGEST_OF}\n${code}\n${entryId}`));
  return toBase64url(said.slice(0, DIGEST_BYTES));
}
