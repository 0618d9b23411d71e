"""Two doctors at one computer: each comes in with a passkey, quickly, and finds nothing of the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Error, Page

from e2e.conftest import DESK, PASSWORD, Site, a_site
from e2e.scenes import on_the_register
from e2e.steps import Somebody
from epaccs.clinicians.rules import Actor, Role

#: Features, F39: switch in under five seconds.
SWITCH_SECONDS = 5
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
#: A slow line: what asks for the passkey arrives some seconds after the button.
SLOW_LINE = {"offline": False, "latency": 1_000, "downloadThroughput": -1, "uploadThroughput": -1}
FAST_LINE = SLOW_LINE | {"latency": 0}
#: What was written on this machine without signal and not sent yet, as the tablet's program keeps it.
KEEP = """async () => {
  const cache = await caches.open("shell");
  await cache.put("/kept", new Response("kept"));
  localStorage.setItem("kept", "kept");
  await new Promise((resolve, reject) => {
    const asked = indexedDB.open("kept", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("outbox").put("kept", 1);
    asked.onsuccess = () => { asked.result.close(); resolve(); };
    asked.onerror = reject;
  });
}"""
KEPT = """async () => {
  const names = (await indexedDB.databases()).map((one) => one.name);
  const cached = await (await caches.open("shell")).match("/kept");
  return [names.includes("kept"), cached !== undefined, localStorage.getItem("kept") === "kept"];
}"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A browser gives passkeys to a name only, and this machine has one."""
    with a_site(f"sqlite:///{tmp_path / 'epaccs.sqlite3'}", tmp_path, viewport=DESK, host="localhost") as one:
        yield one


@pytest.fixture
def page(site: Site, chromium: Browser) -> Iterator[Page]:
    """The one browser of the computer."""
    context = chromium.new_context(base_url=site.address, viewport=site.viewport, locale="en-GB")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def plugs_in(devtools: CDPSession) -> str:
    """Each doctor has her own key, and takes it out again when she goes."""
    return str(devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"])


def adds_a_passkey(doctor: Somebody, devtools: CDPSession) -> None:
    doctor.opens("/account/passkeys")
    devtools.send("Network.emulateNetworkConditions", SLOW_LINE)
    doctor.presses("Add a passkey").types("Name of the device", "My key")
    doctor.presses("Add a passkey on this device").sees("Your recovery codes")
    devtools.send("Network.emulateNetworkConditions", FAST_LINE)


def goes_back(page: Page) -> None:
    """The answer to a form was kept nowhere, and the browser says so."""
    with suppress(Error):
        page.go_back()


def finds_nothing_of(page: Page, *words: str) -> None:
    text = page.inner_text("body")
    assert not [one for one in words if one.casefold() in text.casefold()], f"{page.url}: {text}"


def test_two_doctors_share_a_computer(site: Site, page: Page) -> None:
    name = site.a_name()
    ada, bea = (site.employs(Role.GP, name=called) for called in ("Dr Ada First", "Dr Bea Second"))
    person = on_the_register(ada, family_name=name, born_on=site.a_birthday())
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("Network.enable")

    def sits(actor: Actor) -> Somebody:
        return Somebody(page, site.user_names[actor.clinician_id], PASSWORD, with_axe=actor is ada)

    # given each has added a passkey once
    keys = {}
    for actor in (bea, ada):
        keys[actor.clinician_id] = plugs_in(devtools)
        adds_a_passkey(sits(actor).opens("/").signs_in(), devtools)
        if actor is bea:
            sits(bea).opens("/account").presses("Sign out")
            kept = devtools.send("WebAuthn.getCredentials", {"authenticatorId": keys[bea.clinician_id]})
            devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": keys[bea.clinician_id]})
    page.evaluate(KEEP)

    # and the first has a record open
    first = sits(ada)
    first.opens(f"/record/{person}")
    if page.get_by_role("button", name="Open the record").count():
        first.presses("Emergency: open now")
    first.sees(name.upper())

    # when the other takes her place
    devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": keys[ada.clinician_id]})
    own = plugs_in(devtools)
    for credential in kept["credentials"]:
        devtools.send("WebAuthn.addCredential", {"authenticatorId": own, "credential": credential})
    before = time.monotonic()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in with a passkey").wait_for()
    seconds = time.monotonic() - before

    # then nobody finds anything of hers by going back
    for _ in range(3):
        goes_back(page)
        finds_nothing_of(page, name.upper(), "Dr Ada First")

    # and the other is in as quickly as she must be
    page.goto("/sign-in?next=/account")
    before = time.monotonic()
    page.get_by_role("link", name="Sign in with a passkey").click()
    page.get_by_role("button", name="Use my passkey").click()
    page.get_by_text("Dr Bea Second").first.wait_for()
    seconds += time.monotonic() - before
    assert seconds < SWITCH_SECONDS, f"to take over took {seconds:.1f} seconds"
    for _ in range(3):
        goes_back(page)
        finds_nothing_of(page, "Dr Ada First")

    # but what a tablet keeps is still there
    page.goto("/account")
    assert page.evaluate(KEPT) == [True, True, True]
