/**
 * A square code before the camera: of a printed sheet, whether it was altered and what the tablet knows beside it; of a
 * marker in a home, whose it is.
 */

import { attempt, find, make, makeButton, setText, show, shown } from "../page.js";
import { NoCamera, Scanner } from "../scanner.js";
import { showCard } from "./card.js";
import { startReason } from "./reason.js";
import { fact, showSearch } from "./search.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../copies.js").Known} Known */
/** @typedef {import("../scanner.js").Counts} Counts */

const scanner = new Scanner();
/** @type {Known | null} whose record was open when somebody took up the paper */
let beside = null;

const NO_CAMERA = "The camera cannot be used here. Take a picture of the square code instead.";
const NO_CODE = "No square code was found in the picture. Hold it flat and near, in good light, and try again.";
const FAILED =
  "Something went wrong on this tablet, and nothing is known of what was read. Try again, or ask the register by its number.";

/** @param {Tablet} tablet */
export function connectSheet(tablet) {
  const file = /** @type {HTMLInputElement} */ (find("#sheet_picture"));
  document.addEventListener("tablet-sheet", () => startSheet(null));
  find('[data-do="sheet-camera"]').addEventListener("click", () => void look(tablet, watch));
  file.addEventListener("change", () => {
    const [picture] = file.files ?? [];
    if (picture) void look(tablet, (counts) => scanner.readFile(picture, counts));
    file.value = "";
  });
  find('[data-do="leave-sheet"]').addEventListener("click", () => {
    if (beside && tablet.open) void showCard(tablet, tablet.open);
    else showSearch();
  });
  new MutationObserver(() => shown() !== "sheet" && clearSheet()).observe(document.body, {
    attributeFilter: ["data-shown"],
  });
  tablet.vault.onLock(clearSheet);
}

/** @param {Known | null} open whose record the paper is held beside */
export function startSheet(open) {
  clearSheet();
  beside = open;
  show("sheet");
}

function clearSheet() {
  scanner.stop();
  beside = null;
  clearVerdict();
}

function clearVerdict() {
  find('[data-part="sheet-camera"]').hidden = true;
  find('[data-part="sheet-verdict"]').replaceChildren();
  setText('[data-part="sheet-problem"]', "");
}

/**
 * One look at a paper. What comes of it is shown only if nobody has begun another one, left or locked meanwhile: a verdict
 * stands beside the record that it was asked for, or nowhere (hazard H-70).
 *
 * @param {Tablet} tablet
 * @param {(counts: Counts) => Promise<string | null>} read null: nothing was read
 */
async function look(tablet, read) {
  const [counts, open] = [scanner.begin(), beside];
  clearVerdict();
  const problem = await readAndTell(tablet, () => read(counts), open, counts).catch(sentenceOf);
  if (!counts()) return;
  setText('[data-part="sheet-problem"]', problem);
  find('[data-part="sheet-camera"]').hidden = true;
  scanner.stop();
}

/**
 * @param {Tablet} tablet @param {() => Promise<string | null>} read @param {Known | null} open @param {Counts} counts
 * @returns {Promise<string>} what went wrong; blank: nothing
 */
async function readAndTell(tablet, read, open, counts) {
  const text = await read();
  if (text === null) return NO_CODE;
  if (counts()) await tell(tablet, text, open, counts);
  return "";
}

/** @param {unknown} error */
const sentenceOf = (error) => (error instanceof NoCamera ? NO_CAMERA : FAILED);

/** @param {Counts} counts */
function watch(counts) {
  const video = /** @type {HTMLVideoElement} */ (find('[data-part="sheet-camera"]'));
  video.hidden = false;
  return scanner.watch(video, counts);
}

/** @param {Tablet} tablet @param {string} text @param {Known | null} open @param {Counts} counts */
async function tell(tablet, text, open, counts) {
  const lines = JSON.parse(find('[data-screen="sheet"]').dataset.lines ?? "{}");
  const { heading, isAlarm, alarms, facts, notes, person } = await tablet.checkScanned(text, open, lines);
  if (!counts() || !tablet.vault.unlocked) return;
  const other = person && person.id !== open?.id ? person : null;
  find('[data-part="sheet-verdict"]').replaceChildren(
    make("h3", { class: isAlarm ? "tablet-sheet tablet-sheet--alarm" : "tablet-sheet", text: heading }),
    ...alarms.map((words) => make("p", { class: "tablet-note", text: words })),
    ...(facts.length > 0 ? [listFacts(facts)] : []),
    ...notes.map((words) => make("p", { text: words })),
    ...(other ? [makeOpener(tablet, other)] : []),
  );
}

/** @param {[string, string][]} facts */
const listFacts = (facts) =>
  make(
    "dl",
    { class: "app-results__facts tablet-facts tablet-sheet-facts" },
    facts.map(([label, words]) => fact(label, words)),
  );

/** @param {Tablet} tablet @param {Known} person */
const makeOpener = (tablet, person) =>
  makeButton("Open the record on this tablet", () => attempt(find("#sheet-form"), () => startReason(tablet, person)));
