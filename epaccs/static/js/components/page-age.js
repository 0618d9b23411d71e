/**
 * Keeps the age of an open card true, and says when the record was changed since: a page left open on a bedside table must
 * not look as fresh as when it was opened (hazard H-03). Without scripts the time of the copy stands in the strip.
 *
 * @param {HTMLElement} root the strip; `data-left`: when the copy left the register, `data-number`: of its last change,
 *   `data-ask`: where the number is now
 */
export function connect(root) {
  const left = Date.parse(String(root.dataset.left));
  const news = document.createElement("span");
  news.className = "app-strip__news";
  news.setAttribute("role", "status");
  root.append(news);

  const tick = async () => {
    showAge(age(Date.now() - left));
    const found = await ask(String(root.dataset.ask));
    if (found === "unknown") say(root, news, "It is not known whether this changed since.");
    else if (found !== Number(root.dataset.number)) say(root, news, "This record was changed since.");
    else if (Date.now() - left > LATE)
      say(root, news, `Opened ${age(Date.now() - left)} ago. Nothing was changed since.`);
  };
  setInterval(tick, EVERY);
}

const MINUTE = 60_000;
const EVERY = 30_000;
const LATE = 15 * MINUTE;

/**
 * @param {number} milliseconds
 * @returns {string} the words that stand before "ago", never rounded up
 */
export function age(milliseconds) {
  if (milliseconds < MINUTE) return "less than a minute";
  if (milliseconds < 60 * MINUTE) return `${Math.floor(milliseconds / MINUTE)} min`;
  if (milliseconds < 48 * 60 * MINUTE) return `${Math.floor(milliseconds / (60 * MINUTE))} h`;
  return `${Math.floor(milliseconds / (24 * 60 * MINUTE))} days`;
}

/** @param {string} words */
function showAge(words) {
  for (const part of document.querySelectorAll(".app-cpr__words, .app-cpr__words strong")) {
    for (const node of part.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !node.nodeValue) continue;
      node.nodeValue = node.nodeValue.replace(/(left the register ).+?( ago)/, `$1${words}$2`);
    }
  }
}

/**
 * @param {string} address
 * @returns {Promise<number | "unknown">} the number of the last change
 */
async function ask(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    return answer.ok ? Number((await answer.json()).number) : "unknown";
  } catch {
    return "unknown";
  }
}

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} news
 * @param {string} words
 */
function say(root, news, words) {
  if (news.dataset.words === words) return;
  news.dataset.words = words;
  root.classList.add("app-strip--late");
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = "Open it again";
  news.replaceChildren(`${words} `, link);
}
