"""The identity provider of the tests: the certified `oidc-provider` in a process of its own, and a person at it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests
from joserfc.jwk import ECKey, KeySet, RSAKey

from epaccs.settings import IdentityProvider

HERE = Path(__file__).parent
PUBLIC_URL = "http://localhost:5000"
REDIRECT_URI = f"{PUBLIC_URL}/sign-in/provider/back"
SIGNED_OUT_URI = f"{PUBLIC_URL}/sign-in"


class Provider:
    """One provider on a port of its own, with the people of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None
        self.make_keys()
        self.know({})

    def settings(self, **changes: Any) -> IdentityProvider:
        """How the register is told of it."""
        known = {
            "issuer": self.issuer,
            "client_id": "epaccs",
            "client_secret": "the secret of epaccs, made up for the tests",
            "name": "Northdale sign-in",
            "number_claim": "number",
        }
        return IdentityProvider(**{**known, **changes})

    def make_keys(self) -> None:
        """New keys, used from the next start."""
        options = {"use": "sig"}
        keys = [RSAKey.generate_key(2048, options, auto_kid=True), ECKey.generate_key("P-256", options, auto_kid=True)]
        document = KeySet(keys).as_dict(private=True)
        (self.folder / "keys.json").write_text(json.dumps(document))

    def know(self, people: dict[str, dict[str, Any]]) -> None:
        """Who can sign in there, from the next sign-in on: `claims`, and `amr` and `acr` of how they do."""
        (self.folder / "people.json").write_text(json.dumps(people))

    def start(self) -> None:
        """Run it, and wait until it listens."""
        node = shutil.which("node")
        assert node, "there is no Node.js: run the tests with script/test"
        files = (str(self.folder / "keys.json"), str(self.folder / "people.json"))
        words = [node, str(HERE / "provider.mjs"), str(self.port), *files, REDIRECT_URI, SIGNED_OUT_URI]
        self._process = subprocess.Popen(
            words, cwd=HERE.parents[1], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        while (line := self._process.stdout.readline()).strip() != "ready":
            assert line or self._process.poll() is None, "the identity provider did not start"

    def stop(self) -> None:
        """It answers nobody any more."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def sign_in_there(address: str, who: str, **changed: str) -> str:
    """A person's browser at the provider, from the address the register sent it to; returns where it is sent back to.

    Args:
        who: whom they sign in as.
        changed: parts of the address that somebody changed on the way.
    """
    parts = urlsplit(address)
    query = {**dict(parse_qsl(parts.query)), **changed, "login_hint": who}
    address = parts._replace(query=urlencode(query)).geturl()
    with requests.Session() as browser:
        while not address.startswith(PUBLIC_URL):
            answer = browser.get(address, allow_redirects=False, timeout=10)
            assert answer.is_redirect, f"{answer.status_code} {answer.text[:500]}"
            address = urljoin(address, answer.headers["Location"])
    return address.removeprefix(PUBLIC_URL)
