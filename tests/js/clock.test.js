/** A copy may look older than it is, never younger (hazard H-53). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { toAge, toDay, toDayAndTime, toMoment, toTime } from "../../epaccs/static/js/tablet/clock.js";
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
