"""Copy the builds of the front-end packages into the folder that is served: no page asks another host for anything.

Use: copy_front_end.py NODE_MODULES VENDOR_FOLDER
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

#: Package -> folder below the vendor folder, and what is copied: from (in the package) -> to (in the folder).
PACKAGES = {
    "nhsuk-frontend": (
        "nhsuk",
        {
            "dist/nhsuk/nhsuk-frontend.min.css": "nhsuk-frontend.min.css",
            "dist/nhsuk/nhsuk-frontend.min.js": "nhsuk-frontend.min.js",
            "dist/nhsuk/assets": "assets",
        },
    ),
    # The promises around the browser's database, and the slow way from a passphrase to a key.
    "idb": ("idb", {"build/index.js": "idb.js"}),
    # What reads the square code of a sheet.
    "jsqr": ("jsqr", {"dist/jsQR.js": "jsqr.js"}),
    "hash-wasm": ("hash-wasm", {"dist/argon2.umd.min.js": "argon2.js"}),
}

OUTSIDE = re.compile(r"url\(\s*['\"]?(?:https?:)?//", re.IGNORECASE)


def build_own_css(css: str) -> str:
    """The style sheet without fonts from outside hosts, its pictures found beside it, and no map.

    Raises:
        ValueError: when something from another host is left.
    """
    css = re.sub(r"@font-face\s*\{[^}]*\}", lambda block: "" if OUTSIDE.search(block[0]) else block[0], css)
    css = re.sub(r"url\((['\"]?)/assets/", r"url(\1assets/", css)
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css).rstrip() + "\n"
    if OUTSIDE.search(css):
        raise ValueError("The style sheet still asks another host for something: add it to script/copy_front_end.py")
    return css


def build_own_js(script: str) -> str:
    """The script without its map, marked as none of ours to check the types of."""
    return "// @ts-nocheck\n" + re.sub(r"//# sourceMappingURL=\S+", "", script).rstrip() + "\n"


def copy(source: Path, target: Path) -> None:
    """One file or folder, made our own on the way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.suffix == ".css":
        target.write_text(build_own_css(source.read_text()))
    elif source.suffix in {".js", ".mjs"}:
        target.write_text(build_own_js(source.read_text()))
    else:
        shutil.copyfile(source, target)


def main(node_modules: Path, vendor: Path) -> None:
    """All packages, each into an empty folder."""
    for package, (folder, files) in PACKAGES.items():
        shutil.rmtree(vendor / folder, ignore_errors=True)
        for source, target in files.items():
            copy(node_modules / package / source, vendor / folder / target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
