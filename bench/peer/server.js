// The peer's server: express-pouchdb on LevelDB in the folder that is named, filled with the documents of a file, and the
// peer's own program for the browser. It serves this machine only, says its port, and ends with its standard input.
"use strict";

const { readFileSync } = require("node:fs");
const path = require("node:path");
const express = require("express");
const expressPouchDB = require("express-pouchdb");
const PouchDB = require("pouchdb");

const [folder, documents] = process.argv.slice(2);
const PROGRAMS = path.join(__dirname, "node_modules", "pouchdb", "dist");
const AT_ONCE = 500;

async function start() {
  const Here = PouchDB.defaults({ prefix: `${folder}${path.sep}`, adapter: "leveldb" });
  // Before the first database is made: it notes which there are.
  const served = expressPouchDB(Here, {
    mode: "minimumForPouchDB",
    inMemoryConfig: true,
    logPath: path.join(folder, "log.txt"),
  });
  const people = new Here("people");
  const lines = readFileSync(documents, "utf8").split("\n").filter(Boolean);
  for (let from = 0; from < lines.length; from += AT_ONCE) {
    const answers = await people.bulkDocs(lines.slice(from, from + AT_ONCE).map((line) => JSON.parse(line)));
    if (answers.some((one) => one.error)) throw new Error("A document was not taken");
  }
  const app = express();
  app.get("/", (_, answer) =>
    answer
      .type("html")
      .send(
        "<!doctype html><title>Peer</title><script src=/program/pouchdb.min.js></script><script src=/program/pouchdb.indexeddb.min.js></script>",
      ),
  );
  app.use("/program", express.static(PROGRAMS));
  app.use("/db", served);
  const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
}

process.stdin.on("end", () => process.exit(0)).resume();
start();
