/** The program is kept, however often the line fails, and nobody is told so before (hazard H-57). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { keepProgram, opensWithoutSignal } from "../../epaccs/static/js/tablet/program.js";

/** A browser that takes each of these as the fate of one attempt: "lost", or the states of the worker that came. */
class ABrowser extends EventTarget {
  controller = null;
  asked = 0;

  constructor(...fates) {
    super();
    this.fates = fates;
  }

  takesPages() {
    this.controller = {};
    this.dispatchEvent(new Event("controllerchange"));
  }

  async register() {
    this.asked += 1;
    const fate = this.fates.shift();
    if (fate === "lost") throw new TypeError("No line");
    return fate;
  }
}

class AWorker extends EventTarget {
  state = "installing";
  heard = [];

  postMessage(words) {
    this.heard.push(words);
  }

  becomes(state) {
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

/** A registration whose worker becomes the active one, as a browser moves it. */
const installing = (worker) => ({
  installing: worker,
  waiting: null,
  get active() {
    return worker.state === "activated" ? worker : null;
  },
});
const soon = () => new Promise((resolve) => setImmediate(resolve));

test("a tablet does not say that it opens without signal before its program is kept", async () => {
  const worker = new AWorker();
  const browser = new ABrowser(installing(worker));
  const kept = keepProgram(browser);

  for (const state of ["installing", "installed", "activating", "activated"]) {
    worker.becomes(state);
    await soon();
    assert.equal(opensWithoutSignal(), false, state);
  }
  // This page was on its way before: it is served by what is kept once that has taken it.
  assert.deepEqual(worker.heard, ["take-pages"]);
  browser.takesPages();
  await kept;

  assert.equal(opensWithoutSignal(), true);
});

test("a program that did not come whole is fetched again until it is kept", async () => {
  const [broken, whole] = [new AWorker(), new AWorker()];
  const browser = new ABrowser("lost", installing(broken), "lost", installing(whole));
  let waits = 0;
  const kept = keepProgram(browser, async () => {
    waits += 1;
  });

  await soon();
  broken.becomes("redundant");
  await soon();
  assert.equal(opensWithoutSignal(), false);
  browser.controller = {};
  whole.becomes("activated");

  assert.equal((await kept).installing, whole);
  assert.deepEqual([browser.asked, waits, opensWithoutSignal()], [4, 3, true]);
});

test("a program that was kept before opens at once", async () => {
  const active = { installing: null, waiting: null, active: new AWorker() };

  const browser = new ABrowser(active);
  browser.controller = {};

  assert.equal(await keepProgram(browser), active);

  assert.equal(opensWithoutSignal(), true);
});
