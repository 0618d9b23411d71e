/** Finding a person among those on this tablet. */

import { toDay } from "../clock.js";
import { isInDoubt } from "../feed.js";
import { attempt, find, make, onSubmit, refuse, setText, show, valuesOf } from "../page.js";
import { startReason } from "./reason.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../copies.js").Known} Known */

/** Empty boxes, and nobody found. */
export function showSearch() {
  /** @type {HTMLFormElement} */ (find("#search-form")).reset();
  refuse(find("#search-form"), []);
  find('[data-part="found"]').replaceChildren();
  show("search");
  find("#who").focus();
}

/** @param {Tablet} tablet */
export function connectSearch(tablet) {
  onSubmit("#search-form", (form) => search(tablet, form));
}

/** How far a download has come, while one goes on. @param {Tablet} tablet */
export function showDownload(tablet) {
  const { fetched, expected } = tablet.sync.state;
  const isUnfinished = tablet.copies.places.some((place) => place.current === null);
  const count =
    expected > 0 ? `${fetched.toLocaleString("en-GB")} of ${expected.toLocaleString("en-GB")} people are here. ` : "";
  const words = `${count}The first download is not finished: whoever is not found here may still be on the register.`;
  setText(
    '[data-part="download"]',
    tablet.vault.unlocked ? [isUnfinished ? words : "", ...doubts(tablet)].filter(Boolean).join(" ") : "",
  );
}

/** Why somebody who is on the register may not be found here. @param {Tablet} tablet @returns {string[]} */
function doubts(tablet) {
  const copies = tablet.copies.places.map((place) => place.current ?? place.next);
  const leftOut = copies.reduce((sum, copy) => sum + (copy?.leftOut ?? 0), 0);
  const people = `${leftOut.toLocaleString("en-GB")} ${leftOut === 1 ? "person has" : "people have"}`;
  return [
    leftOut > 0 ? `${people} no room on this tablet: whoever is not found here may still be on the register.` : "",
    copies.some(isInDoubt)
      ? "This tablet and the register do not agree on whom it holds: somebody may be missing, or older than it looks. Use the register online, or ring."
      : "",
  ];
}

/** @param {Tablet} tablet @param {HTMLElement} form */
async function search(tablet, form) {
  const { who = "", born = "", where = "" } = valuesOf(form);
  const found = find('[data-part="found"]');
  found.replaceChildren();
  const { refusals, people, hasMore } = await tablet.find({ who, born, where });
  if (refusals.length > 0) return refuse(form, refusals);
  const heading =
    people.length === 0
      ? "Nobody found on this tablet"
      : `${people.length} ${people.length === 1 ? "person" : "people"} found`;
  found.append(make("h3", { class: "nhsuk-heading-s", text: heading }));
  if (hasMore)
    found.append(
      make("p", {
        class: "app-results__more",
        text: "More people fit than are shown. Add the date of birth, the street or more digits.",
      }),
    );
  if (people.length === 0) found.append(...nobody(tablet));
  else
    found.append(
      make(
        "ol",
        { class: "app-results" },
        people.map((one) => result(tablet, one)),
      ),
    );
  found.scrollIntoView({ block: "start" });
}

/** @param {Tablet} tablet */
function nobody(tablet) {
  const age = tablet.copies.places.every((place) => (place.current?.asAt ?? 0) > 0)
    ? "Somebody may have been put on the register since the last contact, or live outside the area that this tablet holds."
    : "Not everybody has been downloaded yet.";
  const why = [age, ...doubts(tablet)].filter(Boolean);
  return [
    make("p", {
      class: "app-results__more",
      text: "This does not mean that there is no CPR decision. Ring and ask, and look for a signed form where the person is.",
    }),
    ...why.map((text) => make("p", { text })),
  ];
}

/** @param {Tablet} tablet @param {{ known: Known, bornDiffers: boolean, hasSimilar: boolean }} one */
function result(tablet, { known, bornDiffers, hasSimilar }) {
  const button = make("button", { class: "tablet-result", text: nameOf(known), type: "button" });
  button.addEventListener("click", () => attempt(find("#search-form"), () => startReason(tablet, known)));
  const facts = [fact("Born", bornOf(known)), fact("NHS No.", numberOf(known)), fact("Street", streetOf(known))];
  const notes = [];
  if (known.keys.shown.died_on)
    notes.push(`Died, or reported to have died, ${toDay(Date.parse(known.keys.shown.died_on))}`);
  if (bornDiffers) notes.push("Not born when you entered: compare the date.");
  if (hasSimilar) notes.push("Another person with a similar name is on this tablet.");
  return make("li", { class: "app-results__person" }, [
    make("p", { class: "app-results__name" }, [button]),
    make("dl", { class: "app-results__facts" }, facts),
    ...notes.map((text) => make("p", { class: "app-results__note", text })),
  ]);
}

/** @param {string} label @param {string} text */
export const fact = (label, text) => make("div", {}, [make("dt", { text: `${label} ` }), make("dd", { text })]);

/** @param {Known} known */
export function nameOf({ keys }) {
  const { family_name = "", given_name = "", title, preferred_name } = keys.shown;
  const name = `${family_name.toUpperCase()}, ${given_name}${title ? ` (${title})` : ""}`;
  return preferred_name ? `${name}, called ${preferred_name}` : name;
}

/** @param {Known} known */
export const bornOf = ({ keys }) => (keys.born ? toDay(Date.parse(`${keys.born}T12:00:00Z`)) : "Not recorded");

/** @param {Known} known */
const numberOf = ({ keys }) => (keys.nhs ? keys.nhs.replace(/^(\d{3})(\d{3})/, "$1 $2 ") : "None");

/** @param {Known} known */
const streetOf = ({ keys }) =>
  keys.shown.is_restricted ? "Address restricted" : (keys.shown.street ?? "Not recorded");
