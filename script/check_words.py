"""Refuse words that must not stand in the project: package indexes, folders of one machine, talk about its making.

Prints each place and exits 1 when there is one. The words are put together here: this file passes its own check.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

#: What is refused, and the sentence that says why.
REFUSED = {
    "|".join(
        (
            "py" + r"pi\.org",
            "python" + r"hosted\.org",
            "npm" + r"js\.(?:org|com)",
            "yarn" + r"pkg\.com",
            r"deb\.deb" + r"ian\.org",
        )
    ): ("a package index is named: whoever installs chooses theirs"),
    r"(?<![\w.:/-])/(?:" + "|".join(("wo" + "rk", "tm" + "p", "ro" + "ot", "ho" + "me", "Use" + "rs")) + r")/\w": (
        "a folder of one machine: name it from the project's folder"
    ),
    r"\b(?:"
    + "|".join(("cla" + "ude", "anth" + "ropic", "chat" + "gpt", "open" + "ai", "co" + "pilot", "ll" + "m"))
    + r")s?\b": ("the project speaks of itself, not of what it was written with"),
    r"\bshared/" + "(?:design|domain)|" + r"\.\./sha" + "red": "a folder outside the project",
    r"\b(?:TO"
    + "DO|FIX"
    + "ME|XX"
    + r"X)\b": "something is left undone: do it, or say in the documents that it is missing",
}

#: Never said to a clinician. A test may look for it, and one rule refuses it to whoever types it.
MAY_LOOK_FOR_IT = ("tests/", "e2e/", "epaccs/cpr_decisions/rules/words.py")
REFUSED_ELSEWHERE = {"do not tr" + "eat": "what not to do is said for each treatment: resuscitation is only one"}


def find_files() -> list[Path]:
    """Every text file that is or would be part of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True, text=True
    )
    return [path for name in listed.stdout.splitlines() if (path := Path(name)).is_file()]


def find_refused_words(path: Path) -> list[str]:
    """The places in one file, as `file:line: why`."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []  # a picture or a font
    refused = REFUSED if path.as_posix().startswith(MAY_LOOK_FOR_IT) else REFUSED | REFUSED_ELSEWHERE
    return [
        f"{path}:{text.count(chr(10), 0, found.start()) + 1}: {why}"
        for words, why in refused.items()
        for found in re.finditer(words, text, re.IGNORECASE)
    ]


def main() -> int:
    """0: nothing found."""
    places = [place for path in find_files() for place in find_refused_words(path)]
    print("\n".join(places), end="\n" if places else "")
    return 1 if places else 0


if __name__ == "__main__":
    sys.exit(main())
