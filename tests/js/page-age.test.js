/** A card that was left open may look older than it is, never younger (hazard H-03). */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { age, countFromNow } from "../../epaccs/static/js/components/page-age.js";

const MINUTE = 60_000;

test("an open card grows old by the longer of the device's two clocks: one is set back, the other sleeps", (t) => {
  const [day, counter] = [{ now: Date.now() }, { now: 0 }];
  mock.method(Date, "now", () => day.now);
  mock.method(performance, "now", () => counter.now);
  t.after(() => mock.restoreAll());

  const howOld = countFromNow();
  assert.equal(howOld(), 0);

  day.now -= 60 * MINUTE;
  counter.now += 20 * MINUTE;
  assert.equal(howOld(), 20 * MINUTE);

  day.now += 160 * MINUTE;
  assert.equal(howOld(), 100 * MINUTE);
});

test("an age is never rounded up to the next name, nor called less than it is by more than one", () => {
  assert.equal(age(59_999), "less than a minute");
  assert.equal(age(16 * MINUTE + 59_999), "16 min");
  assert.equal(age(47 * 60 * MINUTE), "47 h");
  assert.equal(age(48 * 60 * MINUTE), "2 days");
});
