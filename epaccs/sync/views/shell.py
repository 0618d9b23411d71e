"""The program of a tablet: its page, its worker and its manifest; the same for everybody, with nobody's data."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from typing import Any, Final

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask_wtf.csrf import generate_csrf

from epaccs.access.rules import REASON_LABELS, AccessReason
from epaccs.care_plans.schema import build_offline_sections
from epaccs.clinicians.guard import asked_by_a_page, visit
from epaccs.core import base64url
from epaccs.core.assets import STATIC_FOLDER
from epaccs.core.web import PERMISSIONS_POLICY, PRODUCT_NAME, for_programs, public
from epaccs.cpr_decisions.schema import build_offline_forms
from epaccs.devices.queries import passphrase_length_for
from epaccs.stamps.rules import LINE_LABELS

bp = Blueprint("tablet", __name__)

_SCRIPT: Final = "text/javascript; charset=utf-8"
#: Its worker decides when a newer one takes over; the browser only asks whether there is one.
_ASK_AGAIN: Final = {"Cache-Control": "no-cache"}

#: Nothing is loaded from elsewhere, no text becomes a script, and no form is sent anywhere.
SHELL_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types epaccs-tablet"
)
#: The forms are read by the program; they load and run nothing.
FORMS_POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#: The worker that makes a key of a passphrase compiles WebAssembly and can do nothing else: it loads nothing.
SLOW_POLICY: Final = "default-src 'none'; script-src 'wasm-unsafe-eval'"
#: The worker that reads the square code of a sheet computes, and can do nothing else.
SCAN_POLICY: Final = "default-src 'none'"
#: The one page that may ask for the camera.
SHELL_PERMISSIONS: Final = PERMISSIONS_POLICY.replace("camera=()", "camera=(self)")
#: The worker that keeps the shell fetches from this server only.
WORKER_POLICY: Final = "default-src 'none'; script-src 'self'; connect-src 'self'"

#: What stands before a line: nobody reads it.
_BETWEEN_LINES: Final = re.compile(r"\n\s+")

_PICTURES: Final = ("img/icon.svg", "img/icon-192.png", "img/icon-512.png")
_STYLES: Final = ("vendor/nhsuk/nhsuk-frontend.min.css", "css/app.css", "css/tablet.css")
_LIBRARIES: Final = ("vendor/idb/idb.js",)


@bp.get("/tablet")
@public
def show_shell() -> Response:
    """The page that opens without signal."""
    headers = {**_ASK_AGAIN, "Content-Security-Policy": SHELL_POLICY, "Permissions-Policy": SHELL_PERMISSIONS}
    return Response(_shell(), mimetype="text/html", headers=headers)


@bp.get("/tablet/forms")
@public
def show_forms() -> Response:
    """What of a plan can be asked without signal: the forms of the register's pages. Never shown as a page."""
    return Response(_forms(), mimetype="text/html", headers={**_ASK_AGAIN, "Content-Security-Policy": FORMS_POLICY})


@bp.get("/tablet/session")
@public
@asked_by_a_page
@for_programs
def show_session() -> Response:
    """Who is signed in to the register in this browser, and with what they may enrol; null: nobody.

    Nobody gets no token: its cookie, come late, would close the form on which somebody signs in meanwhile.
    """
    signed_in = visit().signed_in
    actor = signed_in.actor if signed_in else None
    user = {"id": str(actor.clinician_id), "name": actor.name} if actor else None
    length = passphrase_length_for(actor) if actor else None
    token = generate_csrf() if actor else None
    return jsonify({"user": user, "passphrase_length": length, "csrf_token": token})


@bp.get("/tablet/manifest.webmanifest")
@public
def show_manifest() -> Response:
    """How the tablet shows the program among its others."""
    return Response(_manifest(), mimetype="application/manifest+json", headers=_ASK_AGAIN)


@bp.get("/tablet/kdf.js")
@public
def show_slow_worker() -> Response:
    """The worker that makes a key of a passphrase, with its library in front of it."""
    return Response(
        _slow_worker(), content_type=_SCRIPT, headers={**_ASK_AGAIN, "Content-Security-Policy": SLOW_POLICY}
    )


@bp.get("/tablet/scan.js")
@public
def show_scan_worker() -> Response:
    """The worker that reads the square code of a sheet, with its library in front of it."""
    return Response(
        _scan_worker(), content_type=_SCRIPT, headers={**_ASK_AGAIN, "Content-Security-Policy": SCAN_POLICY}
    )


@bp.get("/sw.js")
@public
def show_worker() -> Response:
    """The worker that keeps the shell: with the list of its files, so that a change of any of them is a new worker."""
    files = dict(sorted(_digests().items()))
    version = _digest(json.dumps(files).encode())[:12]
    shell = json.dumps({"version": version, "files": files})
    script = f"self.SHELL = {shell};\n{_read('sw.js').decode()}"
    return Response(script, content_type=_SCRIPT, headers={**_ASK_AGAIN, "Content-Security-Policy": WORKER_POLICY})


def _digests() -> dict[str, str]:
    """What everything is known by that the shell is made of, by address; a browser asks for it at every page."""
    return {
        **{_static(name): digest for name, digest in _static_digests().items()},
        "/tablet": _digest(_shell().encode()),
        "/tablet/forms": _digest(_forms().encode()),
        "/tablet/kdf.js": _digest(_slow_worker().encode()),
        "/tablet/scan.js": _digest(_scan_worker().encode()),
        "/tablet/manifest.webmanifest": _digest(_manifest().encode()),
    }


@cache
def _static_digests() -> dict[str, str]:
    return {name: _digest(_read(name)) for name in (*_PICTURES, *_STYLES, *_LIBRARIES, *sorted(_scripts()))}


def _scripts() -> list[str]:
    folder = STATIC_FOLDER / "js" / "tablet"
    found = (path.relative_to(STATIC_FOLDER).as_posix() for path in folder.rglob("*.js"))
    return [name for name in found if not name.endswith(".worker.js")]


def _shell() -> str:
    """Without what a page of ours would ask of the session: every tablet gets the same."""
    reasons = [(str(one), words) for one, words in REASON_LABELS.items() if one is not AccessReason.EMERGENCY]
    return render_template("tablet/shell.html", reasons=reasons, forms=build_offline_forms(), lines=LINE_LABELS)


def _forms() -> str:
    """Every form of the plan, from the declarations of the sections: as long as the program runs, the same."""
    kept = current_app.extensions
    if "epaccs_tablet_forms" not in kept:
        printed = render_template("tablet/forms.html", sections=build_offline_sections())
        kept["epaccs_tablet_forms"] = _BETWEEN_LINES.sub("\n", printed)
    return str(kept["epaccs_tablet_forms"])


def _slow_worker() -> str:
    return _with_library("vendor/hash-wasm/argon2.js", "js/tablet/kdf.worker.js")


def _scan_worker() -> str:
    return _with_library("vendor/jsqr/jsqr.js", "js/tablet/scan.worker.js")


def _with_library(library: str, worker: str) -> str:
    """A worker that loads nothing: what it needs stands in front of it."""
    return f"{_read(library).decode()}\n{_read(worker).decode()}"


def _manifest() -> str:
    sizes = {"img/icon-192.png": "192x192", "img/icon-512.png": "512x512"}
    icons = [{"src": _static(name), "sizes": size, "type": "image/png"} for name, size in sizes.items()]
    manifest: dict[str, Any] = {
        "name": f"{PRODUCT_NAME} on this tablet",
        "short_name": PRODUCT_NAME,
        "id": "/tablet",
        "start_url": "/tablet",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#003087",
        "lang": "en-GB",
        "icons": icons,
    }
    return json.dumps(manifest)


def _static(name: str) -> str:
    return f"/static/{_version()}/{name}"


def _version() -> str:
    return str(current_app.config["EPACCS_STATIC_VERSION"])


@cache
def _read(name: str) -> bytes:
    return (STATIC_FOLDER / name).read_bytes()


def _digest(content: bytes) -> str:
    """As the worker compares it: SHA-256, base64url without padding."""
    return base64url.encode(hashlib.sha256(content).digest())
