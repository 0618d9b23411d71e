/**
 * Keeps the age of an open card true, and says when the record was changed since: a page left open on a bedside table must
 * not look as fresh as when it was opened (hazard H-03). It looks twice a minute, and when the page comes to the
 * front again. Without scripts the time of the copy stands in the strip.
 *
 * @param {HTMLElement} root the strip; `data-number`: of the last change that the page knows, `data-ask`: where the number
 *   is now
 */
export function connect(root) {
  const news = document.createElement("span");
  news.className = "app-strip__news";
  news.setAttribute("role", "status");
  root.append(news);
  const howOld = countFromNow();

  const tick = async () => {
    const old = howOld();
    showAge(age(old));
    const found = await ask(String(root.dataset.ask));
    if (found === "unknown") say(root, news, "It is not known whether this changed since.");
    else if (found !== Number(root.dataset.number)) say(root, news, "This record was changed since.");
    else if (old > LATE) say(root, news, `Opened ${age(old)} ago. Nothing was changed since.`);
  };
  setInterval(tick, EVERY);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") tick();
  });
}

const MINUTE = 60_000;
const EVERY = 30_000;
const LATE = 15 * MINUTE;

/**
 * How long the page has been open, which is how old the copy is: the register makes it for whoever opens it. The register's
 * time is not compared with the device's: one whose clock is two hours late would call the copy fresh for two hours. Of the
 * device's two clocks one stops while it sleeps and the other can be set back, so the longer time counts.
 *
 * @returns {() => number} in milliseconds
 */
export function countFromNow() {
  const [opened, began] = [Date.now(), performance.now()];
  return () => Math.max(Date.now() - opened, performance.now() - began);
}

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
