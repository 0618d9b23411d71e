/** A decision that is written without signal lacks what the register says it lacks, in its words (hazard H-60). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findDeeds, isNotInForce, speaksAgainstCard } from "../../epaccs/static/js/tablet/deeds.js";
import { readForm, readTimeOf } from "../../epaccs/static/js/tablet/forms.js";
import { findUnmet } from "../../epaccs/static/js/tablet/needs.js";
import { NOON } from "./register.js";

const { needs, cases } = JSON.parse(readFileSync(new URL("needs.json", import.meta.url), "utf8"));

test("every entry lacks on a tablet what it lacks at the register", () => {
  for (const { name, said, unmet } of cases)
    assert.deepEqual(
      findUnmet(needs, said).map(({ field, words }) => [field, words]),
      unmet,
      name,
    );
});

test("a question that this program does not understand is not passed over", () => {
  const odd = [{ field: "a", words: "", when: [["a", "resembles", []]], named: "" }];
  assert.throws(() => findUnmet(odd, {}));
});

const field = (name, kind, more = {}) => ({
  name,
  path: name,
  kind,
  label: `${name}?`,
  called: name,
  values: {},
  limit: null,
  future: false,
  otherwise: null,
  ...more,
});
const moment = (name, day, month, year, time) => ({
  [`${name}-day`]: [day],
  [`${name}-month`]: [month],
  [`${name}-year`]: [year],
  [`${name}-time`]: [time],
});
const read = (fields, typed, rows = []) => readForm({ fields, needs: rows }, typed, NOON);

test("answers stand in the body where the page of the register puts them", () => {
  const fields = [
    field("decided_at", "moment"),
    field("capacity_has_capacity", "yes_no", { path: "capacity.has_capacity", values: { yes: "Yes", no: "No" } }),
    field("aware", "choices", { values: { person: "The person", family: "Family" } }),
    field("nobody", "tick", { path: "consultation.nobody_close", values: { yes: "Nobody" } }),
    field("p0", "text", { path: "consultation.people.0.name" }),
    field("p1", "text", { path: "consultation.people.1.name" }),
    field("k1", "choice", { path: "consultation.people.1.kind", values: { attorney: "A" }, otherwise: "close" }),
    field("review_on", "date", { future: true }),
    field("place", "text"),
  ];
  const typed = {
    ...moment("decided_at", "21", "nov", "2026", "11:05"),
    capacity_has_capacity: ["no"],
    aware: ["family", "person"],
    nobody: ["yes"],
    p1: [" Ann Wood "],
    "review_on-day": ["1"],
    "review_on-month": ["7"],
    "review_on-year": ["2027"],
  };
  const { body, problems, words } = read(fields, typed);
  assert.deepEqual(problems, []);
  assert.deepEqual(body, {
    decided_at: "2026-11-21T11:05:00.000000Z",
    capacity: { has_capacity: false },
    aware: ["person", "family"],
    consultation: { nobody_close: true, people: [{ name: "Ann Wood", kind: "close" }] },
    review_on: "2027-07-01",
  });
  assert.equal(words[0], "decided_at? 21-Nov-2026 11:05");
  assert.equal(words[2], "aware? The person, Family");
});

for (const [what, typed, box, said] of [
  [
    "a day that is not",
    moment("at", "31", "2", "2026", "11:00"),
    "at-day",
    /must be a real date: February 2026 has 28 days/,
  ],
  ["half a moment", moment("at", "21", "11", "2026", ""), "at-time", /24-hour clock/],
  ["a time alone", moment("at", "", "", "", "11:00"), "at-day", /^Enter the at$/],
  ["later today", moment("at", "21", "11", "2026", "13:00"), "at-time", /now or in the past/],
  ["an hour that never was", moment("at", "29", "3", "2026", "01:30"), "at-time", /clocks went forward/],
]) {
  test(`a moment that cannot be read leads to its box: ${what}`, () => {
    const rows = [{ field: "at", words: "Enter it", when: [["at", "blank", []]], named: "" }];
    const { problems } = read([field("at", "moment")], typed, rows);
    assert.equal(problems.length, 1);
    assert.equal(problems[0].field, box);
    assert.match(problems[0].words, said);
  });
}

test("a day after today is refused where it must have been, and a text that is too long", () => {
  const fields = [field("on", "date"), field("text", "textarea", { limit: 3 })];
  const typed = { "on-day": ["22"], "on-month": ["11"], "on-year": ["2026"], text: ["four"] };
  const words = read(fields, typed).problems.map((one) => one.words);
  assert.deepEqual(words, [
    "The on must be today or in the past",
    "Shorten the text: it can hold 3 characters, and 4 were entered",
  ]);
});

test("what is missing is told in the order of the form, and leads to its first box", () => {
  const fields = [field("first", "text"), field("at", "date"), field("who", "text", { path: "people.0.name" })];
  const row = (path) => ({ field: path, words: path, when: [[path, "blank", []]], named: "" });
  const { problems } = read(fields, {}, [row("people"), row("at"), row("first")]);
  assert.deepEqual(
    problems.map((one) => one.field),
    ["first", "at-day", "who"],
  );
});

test("British clocks tell when it was, in summer and in the hour that comes twice", () => {
  assert.equal(readTimeOf("2026-07-01", "14:05"), Date.parse("2026-07-01T13:05:00Z"));
  assert.equal(readTimeOf("2026-10-25", "01:30"), Date.parse("2026-10-25T00:30:00Z"));
  assert.equal(readTimeOf("2026-11-21", "1405"), Date.parse("2026-11-21T14:05:00Z"));
});

const SIGNERS = ["sign", "reviewed_and_continues", "revoke"];
const kinds = (policy, lease) => findDeeds(policy, lease).map((one) => one.kind);

test("only whoever the lease says may sign is offered to sign", () => {
  const policy = { offline_sections: ["cpr.sign", "cpr.review_asked"] };
  assert.deepEqual(kinds(policy, { may_sign: true }), ["review_asked", "wrong_person_flag", ...SIGNERS]);
  assert.deepEqual(kinds(policy, { may_sign: false }), ["review_asked", "wrong_person_flag"]);
  assert.deepEqual(kinds(policy, {}), ["review_asked", "wrong_person_flag"]);
});

test("wrong person can be said whatever policy lets be written", () => {
  assert.deepEqual(kinds({}, { may_sign: true }), ["wrong_person_flag"]);
});

test("a decision that is not sent is not in force elsewhere, and says so", () => {
  assert.equal(isNotInForce("queued", "sign"), true);
  assert.equal(isNotInForce("queued", "revoke"), true);
  assert.equal(isNotInForce("sent", "sign"), false);
  assert.equal(isNotInForce("queued", "original_seen"), false);
});

test("what speaks against a card stands above it until the card is newer than the register's answer", () => {
  const [before, after] = [NOON - 1, NOON + 1];
  for (const kind of ["own_withdrawal", "wrong_person_flag", "sign", "revoke"]) {
    assert.equal(speaksAgainstCard({ state: "queued", settledAt: 0 }, kind, NOON), true);
    assert.equal(speaksAgainstCard({ state: "sent", settledAt: after }, kind, NOON), true);
    assert.equal(speaksAgainstCard({ state: "sent", settledAt: before }, kind, NOON), false);
    assert.equal(speaksAgainstCard({ state: "refused", settledAt: before }, kind, NOON), true);
    assert.equal(speaksAgainstCard({ state: "held", settledAt: after }, kind, NOON), true);
    assert.equal(speaksAgainstCard({ state: "held", settledAt: before }, kind, NOON), false);
  }
  assert.equal(speaksAgainstCard({ state: "queued", settledAt: 0 }, "original_seen", NOON), false);
});
