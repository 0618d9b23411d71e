/** A printed sheet, its square code before the camera: whether it was altered, and what the tablet knows beside it. */

import { attempt, find, make, makeButton, setText, show, shown } from "../page.js";
import { Scanner } from "../scanner.js";
import { showCard } from "./card.js";
import { startReason } from "./reason.js";
import { showSearch } from "./search.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../copies.js").Known} Known */

const scanner = new Scanner();
/** @type {Known | null} whose record was open when somebody took up the paper */
let beside = null;

const NO_CAMERA = "The camera cannot be used here. Take a picture of the square code instead.";
const NO_CODE = "No square code was found in the picture. Hold it flat and near, in good light, and try again.";

/** @param {Tablet} tablet */
export function connectSheet(tablet) {
  const video = /** @type {HTMLVideoElement} */ (find('[data-part="sheet-camera"]'));
  const file = /** @type {HTMLInputElement} */ (find("#sheet_picture"));
  document.addEventListener("tablet-sheet", () => startSheet(null));
  find('[data-do="sheet-camera"]').addEventListener("click", () => void watch(tablet, video));
  file.addEventListener("change", () => attempt(find("#sheet-form"), () => readPicture(tablet, file)));
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
  find('[data-part="sheet-camera"]').hidden = true;
  find('[data-part="sheet-verdict"]').replaceChildren();
  setText('[data-part="sheet-problem"]', "");
  /** @type {HTMLInputElement} */ (find("#sheet_picture")).value = "";
}

/** @param {Tablet} tablet @param {HTMLVideoElement} video */
async function watch(tablet, video) {
  const open = beside;
  clearVerdict();
  video.hidden = false;
  try {
    const text = await scanner.watch(video);
    if (text !== null) await tell(tablet, text, open);
  } catch {
    setText('[data-part="sheet-problem"]', NO_CAMERA);
  } finally {
    video.hidden = true;
  }
}

/** @param {Tablet} tablet @param {HTMLInputElement} file */
async function readPicture(tablet, file) {
  const [picture] = file.files ?? [];
  if (!picture) return;
  const open = beside;
  scanner.stop();
  clearVerdict();
  const text = await scanner.readFile(picture);
  file.value = "";
  if (text === null) setText('[data-part="sheet-problem"]', NO_CODE);
  else await tell(tablet, text, open);
}

function clearVerdict() {
  find('[data-part="sheet-verdict"]').replaceChildren();
  setText('[data-part="sheet-problem"]', "");
}

/** @param {Tablet} tablet @param {string} text @param {Known | null} open */
async function tell(tablet, text, open) {
  const lines = JSON.parse(find('[data-screen="sheet"]').dataset.lines ?? "{}");
  const judgement = await tablet.checkSheet(text, open, lines);
  if (!tablet.vault.unlocked || shown() !== "sheet") return;
  const { heading, isAlarm, alarms, facts, notes, person } = judgement;
  const other = person && person.id !== open?.id ? person : null;
  find('[data-part="sheet-verdict"]').replaceChildren(
    make("h3", { class: isAlarm ? "tablet-sheet tablet-sheet--alarm" : "tablet-sheet", text: heading }),
    ...alarms.map((words) => make("p", { class: "tablet-note", text: words })),
    make("dl", { class: "app-results__facts tablet-facts tablet-sheet-facts" }, facts.map(factLine)),
    ...notes.map((words) => make("p", { text: words })),
    ...(other
      ? [
          makeButton("Open the record on this tablet", () =>
            attempt(find("#sheet-form"), () => startReason(tablet, other)),
          ),
        ]
      : []),
  );
}

/** @param {[string, string]} fact */
const factLine = ([label, words]) => make("div", {}, [make("dt", { text: `${label} ` }), make("dd", { text: words })]);
