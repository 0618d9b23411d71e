/** A copy may look older than it is, never younger (hazard H-53). */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dayNumber,
  readTime,
  toAge,
  toDay,
  toDayAndTime,
  toISODay,
  toMoment,
  toTime,
} from "../../epaccs/static/js/tablet/clock.js";
import { ageOfCopy, formatMoment } from "../../epaccs/static/js/tablet/fill.js";
import { Hands, HOUR, NOON } from "./register.js";

const MINUTE = 60_000;

function atContact() {
  const hands = new Hands();
  hands.device = NOON - 5 * HOUR; // the tablet's own clock is five hours late
  const clock = hands.clock();
  clock.contact(NOON);
  return { hands, clock };
}

test("the time is the register's, whatever the tablet's own clock says", () => {
  const { hands, clock } = atContact();
  hands.passes(53 * MINUTE);
  assert.equal(clock.now(), NOON + 53 * MINUTE);
  assert.equal(Math.round(clock.offset() / HOUR), -5);
});

test("a clock that is set back makes nothing younger, and is noticed", () => {
  const { hands, clock } = atContact();
  hands.passes(3 * HOUR);
  clock.now();
  hands.device -= 2 * HOUR;
  assert.equal(clock.now(), NOON + 3 * HOUR);
  assert.equal(clock.wasSetBack(), true);
});

test("a step of a minute back is no matter", () => {
  const { hands, clock } = atContact();
  hands.passes(HOUR);
  clock.now();
  hands.device -= MINUTE;
  assert.equal(clock.wasSetBack(), false);
});

test("hours in which the steady counter slept are counted", () => {
  const { hands, clock } = atContact();
  hands.device += 7 * HOUR;
  assert.equal(clock.now(), NOON + 7 * HOUR);
});

test("the time goes on after the program was ended", () => {
  const { hands, clock } = atContact();
  hands.passes(HOUR);
  clock.now();
  hands.device += 2 * HOUR;
  hands.monotonic = 0;
  assert.equal(hands.clock(clock.saved()).now(), NOON + 3 * HOUR);
});

test("a clock set back while the program was ended is noticed, and time does not go back", () => {
  const { hands, clock } = atContact();
  hands.passes(HOUR);
  clock.now();
  hands.device -= 10 * HOUR;
  const again = hands.clock(clock.saved());
  assert.equal(again.now(), NOON + HOUR);
  assert.equal(again.wasSetBack(), true);
});

test("a clock set a year ahead is put right by the next contact", () => {
  const { hands, clock } = atContact();
  hands.device += 365 * 24 * HOUR;
  assert.ok(clock.now() > NOON + 364 * 24 * HOUR);
  clock.contact(NOON + HOUR);
  assert.equal(clock.now(), NOON + HOUR);
});

test("whoever said why may go on by a clock that was set back", () => {
  const { hands, clock } = atContact();
  hands.passes(HOUR);
  clock.now();
  hands.device -= 10 * HOUR;
  clock.accept();
  assert.equal(clock.wasSetBack(), false);
  hands.passes(HOUR);
  assert.equal(clock.now(), NOON + 2 * HOUR);
});

test("moments are shown by British clocks, over the change of the clocks too", () => {
  assert.equal(toTime(Date.parse("2026-06-30T22:15:00Z")), "23:15");
  assert.equal(toDay(Date.parse("2026-06-30T23:15:00Z")), "01-Jul-2026");
  assert.equal(toDay(Date.parse("2026-09-05T12:00:00Z")), "05-Sep-2026");
  assert.equal(toDayAndTime(NOON, NOON + HOUR), "12:00");
  assert.equal(toDayAndTime(NOON, NOON + 24 * HOUR), "21-Nov-2026 12:00");
  assert.equal(toMoment(NOON + 7), "2026-11-21T12:00:00.007000Z");
});

for (const [minutes, words] of Object.entries({
  "-3": "less than a minute",
  0: "less than a minute",
  1: "1 minute",
  53: "53 minutes",
  119: "119 minutes",
  120: "2 hours",
  2879: "47 hours",
  2880: "2 days",
})) {
  test(`${minutes} minutes are ${words}`, () => assert.equal(toAge(Number(minutes) * MINUTE), words));
}

// The clocks go back on 25 October 2026 at 01:00 UTC, and forward on 28 March 2027 at 01:00 UTC.

const at = (text) => Date.parse(text);

for (const [left, now, words] of [
  ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "1 h"],
  ["2026-10-24T23:30:00Z", "2026-10-25T23:30:00Z", "24 h"],
  ["2027-03-28T00:59:00Z", "2027-03-28T01:01:00Z", "2 min"],
  ["2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z", "24 h"],
]) {
  test(`the age of a copy is counted in hours that passed, not by clocks that were moved: ${left}`, () => {
    assert.equal(ageOfCopy(at(left), at(now)), words);
  });
}

test("on the nights on which the clocks are moved a moment is shown as British clocks show it", () => {
  assert.equal(formatMoment(at("2026-10-25T00:30:00Z")), "25-Oct-2026 01:30");
  assert.equal(formatMoment(at("2026-10-25T01:30:00Z")), "25-Oct-2026 01:30");
  assert.equal(formatMoment(at("2027-03-28T00:59:00Z")), "28-Mar-2027 00:59");
  assert.equal(formatMoment(at("2027-03-28T01:01:00Z")), "28-Mar-2027 02:01");
  assert.equal(toISODay(at("2026-10-24T23:30:00Z")), "2026-10-25");
});

test("a day is one day, however many hours it has", () => {
  assert.equal(dayNumber(at("2026-10-26T00:30:00Z")) - dayNumber(at("2026-10-24T23:30:00Z")), 1);
  assert.equal(dayNumber(at("2027-03-28T23:30:00Z")) - dayNumber(at("2027-03-28T00:30:00Z")), 1);
});

for (const [typed, now, expected] of [
  ["14:05", "2026-11-21T14:05:59Z", "2026-11-21T14:05:00Z"],
  ["1405", "2026-11-21T14:06:00Z", "2026-11-21T14:05:00Z"],
  ["9:15", "2026-06-21T09:00:00Z", "2026-06-21T08:15:00Z"],
  ["23:50", "2026-11-22T00:10:00Z", "2026-11-21T23:50:00Z"],
  ["01:30", "2026-10-25T02:00:00Z", "2026-10-25T01:30:00Z"],
  ["01:30", "2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z"],
  ["01:30", "2027-03-28T03:00:00Z", null],
  ["24:00", "2026-11-21T14:05:59Z", null],
  ["soon", "2026-11-21T14:05:59Z", null],
]) {
  test(`${typed}, said at ${now}, is ${expected ?? "no time of that day"}`, () => {
    assert.equal(readTime(typed, at(now)), expected && at(expected));
  });
}

test("whoever reads is told of a clock that stands beside the register's, and not of two minutes", () => {
  const { hands, clock } = atContact();
  assert.equal(clock.differs(), true);
  hands.device = NOON + 2 * MINUTE;
  clock.contact(NOON);
  assert.equal(clock.differs(), false);
  hands.device = NOON + 11 * MINUTE;
  clock.contact(NOON);
  assert.equal(clock.differs(), true);
  assert.equal(toAge(Math.abs(clock.offset())), "11 minutes");
});
