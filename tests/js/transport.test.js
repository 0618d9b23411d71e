/** How long the tablet waits for an answer: a dead line is given up, a slow one is not. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { ask } from "../../epaccs/static/js/tablet/transport.js";

const ANSWER = '{"upto": 7}';
const realFetch = globalThis.fetch;

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  mock.timers.reset();
  globalThis.fetch = realFetch;
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A line on which a piece of the answer comes now and then. */
function answerInPieces(pieces, seconds) {
  const left = [...pieces];
  globalThis.fetch = async (_path, { signal }) => {
    const give = (controller) => {
      if (signal.aborted) return;
      if (left.length === 0) controller.close();
      else controller.enqueue(new TextEncoder().encode(left.shift()));
    };
    const pull = async (controller) => {
      const aborted = new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      await Promise.race([aborted, new Promise((resolve) => setTimeout(resolve, seconds * 1000))]);
      give(controller);
    };
    const headers = { "Content-Type": "application/json" };
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers });
  };
}

async function askFor(seconds) {
  const asking = ask("/sync/v1/pull", {});
  for (let second = 0; second < seconds; second += 1) {
    await settled();
    mock.timers.tick(1000);
  }
  await settled();
  return asking;
}

test("a slow line, on which something still comes, is waited for", async () => {
  answerInPieces([...ANSWER], 15);
  const reply = await askFor(15 * (ANSWER.length + 1) + 5);
  assert.equal(reply.kind, "answer");
  assert.equal(reply.text, ANSWER);
});

test("a line that says nothing for twenty seconds is given up", async () => {
  answerInPieces([...ANSWER], 21);
  assert.equal((await askFor(22)).kind, "away");
});

test("an answer that takes five minutes is given up, however much of it comes", async () => {
  answerInPieces(Array(100).fill(" "), 15);
  assert.equal((await askFor(302)).kind, "away");
});
