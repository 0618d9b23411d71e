/**
 * One question to the register and what came of it. An answer of another kind than was asked for came from somebody else:
 * a captive portal answers everything with 200 and a page of its own.
 */

/**
 * @typedef {object} Reply
 * @property {"answer" | "away" | "portal" | "refused"} kind
 * @property {number} status 0: no answer
 * @property {string} type of the content
 * @property {string} text
 * @property {string} problem what kind of refusal it was; blank: none was said
 * @property {number} retryAfter seconds; 0: not said
 */

/** @typedef {(path: string, body: unknown, headers?: Record<string, string>) => Promise<Reply>} Ask */

/** A line that says nothing for so long is given up; a slow one, on which something still comes, is not. */
const QUIET_MS = 20_000;
const LONGEST_MS = 5 * 60_000;

/** @type {Ask} */
export async function ask(path, body, headers = {}) {
  const patience = new Patience();
  try {
    const response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/x-ndjson, application/json;q=0.9",
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      cache: "no-store",
      redirect: "error",
      signal: patience.signal,
    });
    return readReply(response.status, response.headers, await readText(response, patience));
  } catch {
    return { ...NOTHING, kind: "away" };
  } finally {
    patience.ends();
  }
}

class Patience {
  #controller = new AbortController();
  #quiet = 0;
  #longest = setTimeout(() => this.#controller.abort(), LONGEST_MS);
  signal = this.#controller.signal;

  constructor() {
    this.heard();
  }

  /** Something came. */
  heard() {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#controller.abort(), QUIET_MS);
  }

  ends() {
    clearTimeout(this.#quiet);
    clearTimeout(this.#longest);
  }
}

/** @param {Response} response @param {Patience} patience */
async function readText(response, patience) {
  const decoder = new TextDecoder();
  let text = "";
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    patience.heard();
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

/** @type {Reply} */
const NOTHING = { kind: "away", status: 0, type: "", text: "", problem: "", retryAfter: 0 };

/**
 * @param {number} status
 * @param {{ get: (name: string) => string | null }} headers
 * @param {string} text
 * @returns {Reply}
 */
export function readReply(status, headers, text) {
  const type = (headers.get("Content-Type") ?? "").split(";")[0]?.trim() ?? "";
  const reply = { ...NOTHING, status, type, text, retryAfter: Number(headers.get("Retry-After") ?? 0) || 0 };
  if (status >= 500 || status === 429) return { ...reply, kind: "refused" };
  if (!type.includes("json")) return { ...reply, kind: "portal" };
  if (status >= 200 && status < 300) return { ...reply, kind: "answer" };
  return { ...reply, kind: "refused", problem: readJson(text)?.type ?? "" };
}

/** @param {string} text @returns {any} null: it is none */
export function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
