/** A look at a paper that was left, locked or begun anew is answered with nothing, and the camera goes off (hazard H-70). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { NoCamera, Scanner } from "../../epaccs/static/js/tablet/scanner.js";

const page = /** @type {any} */ (globalThis);
/** @type {any[]} every worker that was begun */
let workers = [];

class Worker {
  isEnded = false;
  constructor() {
    workers.push(this);
  }
  postMessage() {}
  terminate() {
    this.isEnded = true;
  }
}

/** A device with a camera and a canvas; `answers`: when the camera is given. */
function aDevice({ answers = Promise.resolve() } = {}) {
  workers = [];
  const tracks = [{ isOn: true, stop: () => (tracks[0].isOn = false) }];
  page.Worker = Worker;
  page.createImageBitmap = async () => ({ width: 800, height: 600, close: () => {} });
  const drawing = {
    drawImage: () => {},
    getImageData: () => ({ data: new Uint8ClampedArray(4), width: 1, height: 1 }),
  };
  page.document = { createElement: () => ({ getContext: () => drawing }) };
  const getUserMedia = () => answers.then(() => ({ getTracks: () => tracks }));
  Object.defineProperty(page, "navigator", { configurable: true, value: { mediaDevices: { getUserMedia } } });
  return { tracks, video: { videoWidth: 1280, videoHeight: 720, play: async () => {}, srcObject: null } };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

test("what the worker reads is the answer, and the camera goes off when it is stopped", async () => {
  const { tracks, video } = aDevice();
  const scanner = new Scanner();
  const reading = scanner.watch(video, scanner.begin());
  await soon();
  workers[0].onmessage({ data: { text: "a code" } });

  assert.equal(await reading, "a code");
  scanner.stop();
  assert.equal(tracks[0].isOn, false);
  assert.equal(workers[0].isEnded, true);
});

test("whoever stops while a picture is read is answered with nothing, and the next picture is read", async () => {
  aDevice();
  const scanner = new Scanner();
  const reading = scanner.readFile(new Blob(), scanner.begin());
  await soon();
  scanner.stop();
  assert.equal(await Promise.race([reading, soon().then(() => "still waits")]), null);
  assert.equal(workers.length, 1);

  const counts = scanner.begin();
  const next = scanner.readFile(new Blob(), counts);
  await soon();
  workers.at(-1).onmessage({ data: { text: "the next" } });
  assert.equal(await next, "the next");
  assert.equal(counts(), true);
});

test("a camera that comes after everybody left goes off at once", async () => {
  let give = () => {};
  const { tracks, video } = aDevice({ answers: new Promise((resolve) => (give = () => resolve(undefined))) });
  const scanner = new Scanner();
  const reading = scanner.watch(video, scanner.begin());
  scanner.stop();
  give();

  assert.equal(await reading, null);
  assert.equal(tracks[0].isOn, false);
  assert.equal(video.srcObject, null);
});

test("a device without a camera says so", async () => {
  const { video } = aDevice({ answers: Promise.reject(new DOMException("no", "NotAllowedError")) });
  const scanner = new Scanner();
  await assert.rejects(scanner.watch(video, scanner.begin()), NoCamera);
});
