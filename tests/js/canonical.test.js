/** What is signed is written down letter for letter as the register writes it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { canonicalJson, wellFormed } from "../../epaccs/static/js/tablet/canonical.js";

const CASES = JSON.parse(readFileSync(new URL("./canonical.json", import.meta.url), "utf8"));

for (const [value, text] of CASES) {
  test(`written as the register writes it: ${text}`, () => assert.equal(canonicalJson(value), text));
}

for (const [name, value] of Object.entries({
  "a fraction": 1.5,
  "a number too large to be exact": 2 ** 53,
  "minus nothing": -0,
  "no number": Number.NaN,
  nothing: undefined,
  "half a character": "\ud800",
  "half a character as a key": { "\udc00": 1 },
})) {
  test(`refused, because the two languages write it differently: ${name}`, () => {
    assert.throws(() => canonicalJson({ value: [value, name === "half a character as a key" ? value : 0] }), TypeError);
  });
}

test("what was typed is mended before it is written", () => {
  assert.equal(canonicalJson(wellFormed("a\ud800b\udc00c😀")), '"a\ufffdb\ufffdc😀"');
});
