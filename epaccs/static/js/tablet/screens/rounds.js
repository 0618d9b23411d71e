/** A care home's round without signal: the home, the reason once, the residents, and who was seen. */

import { toAge, toDay, toTime } from "../clock.js";
import { find, make, onSubmit, refuse, setText, show, ticked } from "../page.js";
import { NOT_ON_IT, oldestCopy, Rounds, readCompared } from "../rounds.js";
import { showCard } from "./card.js";
import { bornOf, nameOf } from "./search.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../rounds.js").Home} Home */
/** @typedef {import("../rounds.js").Resident} Resident */

/** @type {Home | null} the home that was chosen, until the reason is given */
let chosen = null;
/** @type {Resident | null} who is compared */
let whose = null;
/** @type {Promise<unknown>} what is being noted of who was seen */
let noting = Promise.resolve();

/** @param {Tablet} tablet */
export function connectRounds(tablet) {
  const rounds = new Rounds(tablet);
  document.addEventListener("tablet-rounds", () => (rounds.round ? showRound(tablet, rounds) : showHomes(rounds)));
  document.addEventListener("tablet-written", () => {
    const { open } = tablet;
    if (!open) return;
    noting = rounds.seen
      .note(toDay(tablet.clock.now()), open.known.id, tablet.clock.now())
      .then(() => showLine(tablet, rounds));
  });
  find('[data-do="another-home"]').addEventListener("click", () => {
    rounds.end();
    showHomes(rounds);
  });
  onSubmit("#round-form", (form) => begin(tablet, rounds, form));
  onSubmit("#compare-form", (form) => compare(tablet, rounds, form));
  tablet.vault.onLock(clearRounds);
}

function clearRounds() {
  chosen = whose = null;
  for (const part of ["homes", "residents"]) find(`[data-part="${part}"]`).replaceChildren();
  for (const part of ["round-home", "round-whose", "round-facts", "round-alike", "round-count", "round-age"])
    setText(`[data-part="${part}"]`, "");
  find('[data-part="round-title"]').textContent = "Round";
  find('[data-part="round-line"]').hidden = true;
}

// --- The home, and why ---

/** @param {Rounds} rounds */
function showHomes(rounds) {
  const homes = rounds.homes();
  setText(
    '[data-part="homes-lead"]',
    homes.length === 0
      ? "Nobody on this tablet lives in a care home, as far as it knows."
      : "Which home are you in? A round shows its residents, and nobody else.",
  );
  find('[data-part="homes"]').replaceChildren(...homes.map((home) => homeLine(rounds, home)));
  show("rounds");
}

/** @param {Rounds} rounds @param {Home} home */
function homeLine(rounds, home) {
  const count = `${home.people} ${home.people === 1 ? "resident" : "residents"} on this tablet`;
  if (home.people > rounds.most)
    return make("li", { class: "app-results__person" }, [
      make("p", { class: "app-results__name", text: home.name }),
      make("p", {
        text: `${count}: more than your organisation lets stand on one list, and part of a list is never shown. Find them one by one.`,
      }),
    ]);
  const button = make("button", { class: "tablet-result", text: home.name, type: "button" });
  button.addEventListener("click", () => askWhy(home));
  return make("li", { class: "app-results__person" }, [
    make("p", { class: "app-results__name" }, [button]),
    make("p", { text: count }),
  ]);
}

/** @param {Home} home */
function askWhy(home) {
  chosen = home;
  /** @type {HTMLFormElement} */ (find("#round-form")).reset();
  refuse(find("#round-form"), []);
  setText('[data-part="round-home"]', home.name);
  show("round-why");
}

/** @param {Tablet} tablet @param {Rounds} rounds @param {HTMLElement} form */
async function begin(tablet, rounds, form) {
  const [reason = ""] = ticked(form, "round_reason");
  if (!reason) return refuse(form, [{ field: "round_reason", words: "Say why you open these records" }]);
  if (!chosen) return;
  await rounds.begin(chosen, reason);
  if (rounds.round) await showRound(tablet, rounds);
  else if (tablet.vault.unlocked) showHomes(rounds);
}

// --- The list ---

/** @param {Tablet} tablet @param {Rounds} rounds */
async function showRound(tablet, rounds) {
  await noting;
  const residents = rounds.residents();
  if (!residents) return tablet.vault.unlocked ? showHomes(rounds) : undefined;
  const seen = await rounds.seen.on(toDay(tablet.clock.now()));
  const unsent = await countUnsent(tablet);
  find('[data-part="round-title"]').textContent = `Round of ${rounds.round?.home.name}`;
  showListAge(tablet, residents);
  setText('[data-part="round-count"]', seenWords(residents, seen));
  setText('[data-part="round-not-on-it"]', NOT_ON_IT);
  const lines = residents.map((one) => residentLine(tablet, rounds, one, seen.get(one.known.id), unsent));
  find('[data-part="residents"]').replaceChildren(...lines);
  await showLine(tablet, rounds);
  show("round");
}

/** As of when the list is, or that it is not complete. @param {Tablet} tablet @param {Resident[]} residents */
function showListAge(tablet, residents) {
  const asAt = oldestCopy(residents, tablet.copies.places);
  const staleness = asAt === null ? "never" : tablet.staleness(asAt);
  const words =
    asAt === null
      ? "The download has not finished: this list is not complete."
      : `This list is ${toAge(tablet.clock.now() - asAt)} old. Whoever moved in, moved out or died since is not known here.`;
  setText('[data-part="round-age"]', words);
  find('[data-part="round-age"]').dataset.staleness = staleness;
}

/** @param {Resident[]} residents @param {Map<string, number>} seen */
const seenWords = (residents, seen) =>
  `${residents.filter(({ known }) => seen.has(known.id)).length} of ${residents.length} seen`;

/** How many entries about each person wait here. @param {Tablet} tablet */
async function countUnsent(tablet) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { row, edit } of await tablet.outbox.own())
    if (row.state === "queued") counts.set(edit.entry_id, (counts.get(edit.entry_id) ?? 0) + 1);
  return counts;
}

/**
 * @param {Tablet} tablet
 * @param {Rounds} rounds
 * @param {Resident} resident
 * @param {number | undefined} seenAt
 * @param {Map<string, number>} unsent
 */
function residentLine(tablet, rounds, resident, seenAt, unsent) {
  const { known, room, hasSimilar } = resident;
  const button = make("button", { class: "tablet-result", text: nameOf(known), type: "button" });
  button.addEventListener("click", () => choose(tablet, rounds, known.id));
  const waiting = unsent.get(known.id) ?? 0;
  const notes = [
    ...(known.keys.shown.died_on ? ["Reported to have died"] : []),
    ...(hasSimilar ? ["Another resident has a similar name: compare the date of birth."] : []),
  ];
  const done = [
    ...(seenAt ? [`Seen ${toTime(seenAt)}`] : []),
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? "entry" : "entries"} not yet sent`] : []),
  ];
  return make("li", { class: `app-results__person${seenAt ? " tablet-seen" : ""}` }, [
    make("p", { class: "tablet-room", text: room || "Room not recorded" }),
    make("p", { class: "app-results__name" }, [button]),
    make("p", { text: `Born ${bornOf(known)}` }),
    ...notes.map((text) => make("p", { class: "app-results__note", text })),
    ...(done.length > 0 ? [make("p", {}, [make("strong", { text: done.join(", ") })])] : []),
  ]);
}

/** Above a card: which round goes on, and the way back. @param {Tablet} tablet @param {Rounds} rounds */
async function showLine(tablet, rounds) {
  const residents = rounds.round && rounds.residents();
  find('[data-part="round-line"]').hidden = !residents;
  if (!residents) return;
  const seen = await rounds.seen.on(toDay(tablet.clock.now()));
  find('[data-part="round-words"]').textContent = `${rounds.round?.home.name}: ${seenWords(residents, seen)}`;
}

// --- One resident ---

/** @param {Tablet} tablet @param {Rounds} rounds @param {string} id */
async function choose(tablet, rounds, id) {
  const resident = rounds.residents()?.find(({ known }) => known.id === id);
  if (!resident) return showRound(tablet, rounds);
  const said = tablet.reasonFor(id);
  if (said) return showCard(tablet, await tablet.openCard(resident.known, said));
  whose = resident;
  /** @type {HTMLFormElement} */ (find("#compare-form")).reset();
  refuse(find("#compare-form"), []);
  setText('[data-part="round-whose"]', nameOf(resident.known));
  setText('[data-part="round-facts"]', `Born ${bornOf(resident.known)}. ${resident.room || "Room not recorded"}`);
  setText('[data-part="round-alike"]', resident.hasSimilar ? "Another resident of this home has a similar name." : "");
  show("round-person");
}

/** @param {Tablet} tablet @param {Rounds} rounds @param {HTMLElement} form */
async function compare(tablet, rounds, form) {
  const compared = readCompared(ticked(form, "compared"), ticked(form, "cannot_compare").length > 0);
  if (!compared)
    return refuse(form, [{ field: "compared", words: "Tick two things you compared, or tick that you cannot check" }]);
  if (!whose || !rounds.round) return;
  const open = await rounds.open(whose.known, compared);
  whose = null;
  await showCard(tablet, open);
}
