"""What every page must be for everybody who uses it; each arrival of a walk, and each page type, is held to it."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Everything of WCAG 2.2 AA that a machine can find, and good practice.
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"target-size": {"enabled": True}},
}

#: Read in a dark room and in bright sun: contrast 7:1, links included.
CLINICAL = ".app-who, .app-card, .app-whole, .app-cpr, .app-bar, .app-results, .app-side, .app-strip"
ENHANCED = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]}}

TARGET_PIXELS = 44

#: Everything a page is made of: each element with its classes.
_PARTS = "() => [...new Set([...document.querySelectorAll('body *')].map(it => `${it.tagName} ${it.className}`))]"
_looked_at: set[tuple[int, frozenset[str]]] = set()

_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const over = document.documentElement.scrollWidth - width;
  if (over <= 0) return [];
  return [...document.body.querySelectorAll("*")]
    .filter(it => it.getBoundingClientRect().right > width + 1)
    .slice(-3).map(it => `${it.tagName} ${it.className}: ${it.textContent.trim().slice(0, 60)}`);
}"""

# A link inside a sentence is as high as its line; the rule is about what stands by itself.
_TOO_SMALL = """least => {
  const stands = it => {
    if (it.tagName !== "A") return true;
    const around = [...it.parentElement.childNodes].filter(one => one !== it);
    return !around.some(one => one.nodeType === Node.TEXT_NODE && /[\\p{L}\\p{N}]/u.test(one.textContent));
  };
  // A link may be spread over what it stands in.
  const reach = it => getComputedStyle(it, "::after").position === "absolute" ? (it.offsetParent ?? it) : it;
  const wanted = "a[href], button, summary, select, input:not([type=hidden]), textarea";
  return [...document.querySelectorAll(wanted)].filter(it => {
    const box = reach(it).getBoundingClientRect();
    const isSeen = it.checkVisibility({ visibilityProperty: true }) && box.width > 1 && box.bottom > 0;
    return isSeen && stands(it) && (box.height < least - 0.5 || box.width < 24);
  }).map(it => {
    const box = it.getBoundingClientRect();
    const words = (it.textContent || it.name).trim();
    return `${it.tagName} ${Math.round(box.width)} x ${Math.round(box.height)}: ${words.slice(0, 60)}`;
  });
}"""

# Each thing that takes the focus, compared with itself without it: its outline, shadow, background or border must
# differ, or that of the mark which its label draws.
_LOOKS_THE_SAME = """() => {
  const look = it => [[it, null], ...[...(it.labels ?? [])].map(label => [label, "::before"])].map(([part, mark]) => {
    const style = getComputedStyle(part, mark);
    const outline = style.outlineColor.endsWith(", 0)") ? "" : `${style.outlineStyle} ${style.outlineWidth}`;
    return [outline, style.boxShadow, style.backgroundColor, style.borderColor, style.borderWidth].join();
  }).join();
  const wanted = "a[href], button, summary, select, input:not([type=hidden]), textarea";
  return [...document.querySelectorAll(wanted)].filter(it => it.checkVisibility()).filter(it => {
    document.activeElement.blur();
    const without = look(it);
    it.focus({ preventScroll: true, focusVisible: true });
    return document.activeElement !== it || look(it) === without;
  }).map(it => `${it.tagName} ${it.className}: ${(it.textContent || it.name).trim().slice(0, 60)}`);
}"""

#: What is wrong with the thing that has the focus: it is out of sight, or something lies over it; null: nothing.
#: Source: WCAG 2.2, 2.4.11.
FAULT_OF_FOCUS = """() => {
  const it = document.activeElement;
  if (!it || it === document.body) return null;
  const shown = /radio|checkbox/.test(it.type) && it.labels.length ? it.labels[0] : it;
  const box = shown.getClientRects()[0];
  if (!box) return `${it.tagName} ${it.textContent.trim().slice(0, 60)} is not shown`;
  const x = box.left + Math.min(box.width, innerWidth) / 2;
  const hits = [box.top + 4, box.top + box.height / 2, box.bottom - 4].map(y => document.elementFromPoint(x, y));
  if (hits.some(hit => hit && (it.contains(hit) || shown.contains(hit)))) return null;
  const above = hits.find(hit => hit)?.className ?? "the edge";
  return `${it.tagName} ${(it.textContent || it.name).trim().slice(0, 60)} is under ${above}`;
}"""


def check_page(page: Page, *, with_axe: bool = True) -> None:
    """Hold a page to all of it.

    Args:
        page: as it stands.
        with_axe: whether axe looks too; without scripts it cannot, and the rest is looked at.

    Raises:
        AssertionError: with everything that is wrong.
    """
    faults = (faults_found_by_axe(page) if with_axe else []) + faults_measured(page)
    assert not faults, f"{page.url} {page.viewport_size}:\n  " + "\n  ".join(faults)


def faults_found_by_axe(page: Page) -> list[str]:
    """What axe finds; a page made of parts that it has looked at on this screen is not looked at again."""
    parts = (page.evaluate("innerWidth"), frozenset(page.evaluate(_PARTS)))
    if parts in _looked_at:
        return []
    violations = Axe().run(page, options=RULES).response["violations"]
    if page.locator(CLINICAL).count():
        violations += Axe().run(page, CLINICAL, options=ENHANCED).response["violations"]
    if not violations:
        _looked_at.add(parts)
    return [f"{one['id']}: {_where(one)}" for one in violations]


def faults_measured(page: Page) -> list[str]:
    """What is too wide or too small."""
    found = [f"wider than the screen: {one}" for one in page.evaluate(_TOO_WIDE)]
    return found + [f"smaller than {TARGET_PIXELS} pixels: {one}" for one in page.evaluate(_TOO_SMALL, TARGET_PIXELS)]


def faults_of_focus(page: Page) -> list[str]:
    """What does not show that it has the focus; nobody can go on with Tab from where they were after this."""
    return [f"looks the same with the focus: {one}" for one in page.evaluate(_LOOKS_THE_SAME)]


def _where(violation: dict[str, object]) -> str:
    nodes = violation["nodes"]
    assert isinstance(nodes, list)
    return f"{violation['help']}: " + "; ".join(
        f"{' '.join(map(str, node['target']))} {' '.join(one['message'] for one in node['any'] + node['all'])}"
        for node in nodes[:4]
    )
