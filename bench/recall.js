// The tablet's own search asked many questions: people and questions as JSON on standard input, how it went on standard output.
import { readFileSync } from "node:fs";
import { readCriteria } from "../epaccs/static/js/tablet/criteria.js";
import { SearchIndex } from "../epaccs/static/js/tablet/search.js";

const AMONG = 3;
const { today, people, queries } = JSON.parse(readFileSync(0, "utf8"));
const began = performance.now();
const index = new SearchIndex(people);
const building = performance.now() - began;
let found = 0;
const taken = [];
for (const { meant, ...typed } of queries) {
  const from = performance.now();
  const { criteria, refusals } = readCriteria(typed, today);
  if (!criteria) throw new Error(JSON.stringify({ typed, refusals }));
  const { hits } = index.find(criteria);
  taken.push(performance.now() - from);
  found += Number(hits.slice(0, AMONG).some((hit) => hit.id === meant));
}
taken.sort((one, other) => one - other);
const milliseconds = taken[taken.length >> 1];
const slowest = taken[Math.floor(taken.length * 0.95)];
process.stdout.write(JSON.stringify({ found, milliseconds, slowest, building }));
