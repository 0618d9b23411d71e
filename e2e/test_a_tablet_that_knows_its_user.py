"""A tablet opens with its own lock, without signal as well; and with the passphrase whatever becomes of that lock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from playwright.sync_api import Playwright
from sqlalchemy import select

from e2e.conftest import Site
from e2e.tablets import PASSPHRASE, Scene, Tablet, a_scene, wait_until
from epaccs.clinicians.rules import Role
from epaccs.core.db import db
from epaccs.core.fields import format_date
from epaccs.devices.model import DeviceUser

ANOTHER = "five slow brown bears here"
DEVICE = "Unlock with this device"


class Lock:
    """The lock of the device itself, as Chromium plays one: it knows its user, and has a key for each credential."""

    def __init__(self, tablet: Tablet) -> None:
        self._session = tablet.page.context.new_cdp_session(tablet.page)
        self._session.send("WebAuthn.enable")
        self.id = ""

    def is_there(self, *, has_prf: bool = True) -> Self:
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasUserVerification": True,
            "hasResidentKey": True,
            "hasPrf": has_prf,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        return self

    def is_gone(self) -> None:
        self._session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})

    def knows(self, *, them: bool) -> None:
        """Whether it recognises whoever holds the device."""
        self._session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": them})

    def loses(self, credential: dict[str, Any]) -> None:
        self._session.send(
            "WebAuthn.removeCredential", {"authenticatorId": self.id, "credentialId": credential["credentialId"]}
        )

    def credentials(self) -> list[dict[str, Any]]:
        """All that it keeps."""
        return list(self._session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"])


@pytest.fixture
def tablet(site: Site, chromium_maker: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    """A tablet of a register that has a name: a device's lock belongs to one, and not to an address of numbers."""
    one = Tablet(chromium_maker, site, tmp_path / "profile", address=f"http://localhost:{site.served.port}")
    yield one.starts()
    one.ends()
    site.served.start()


def test_a_tablet_opens_with_its_own_lock_and_with_the_passphrase_when_that_fails(site: Site, tablet: Tablet) -> None:
    scene = a_scene(site)
    lock = Lock(tablet).is_there()
    tablet.signs_in(scene.user_name).is_set_up().waits_until_fetched(1)

    # given somebody who adds the device, with their passphrase
    tablet.presses("Tablet").sees("You unlock with your passphrase").presses("Passphrase and unlocking")
    tablet.sees("Whoever can unlock this device can then read and write as you").is_sound()
    tablet.presses("Add this device").sees("Enter your passphrase")
    tablet.types("Your passphrase", "not this one").presses("Add this device").sees(
        "This is not the passphrase. After 9"
    )
    tablet.types("Your passphrase", PASSPHRASE).presses("Add this device")
    tablet.sees("From now on this device unlocks for you", "or this device's own lock").is_sound()
    [credential] = lock.credentials()
    assert (credential["userName"], credential["userDisplayName"]) in {("", ""), ("Opens this tablet",) * 2}
    wait_until(lambda: ways_of(scene) == ["argon2id", "prf"], "the register was not told")

    # when there is no signal, and only the keyboard
    site.served.kill()
    tablet.opens().sees("Unlock", DEVICE).is_sound()
    with_the_keyboard(tablet, DEVICE)

    # then the device opens it, and the person is found
    tablet.sees("Find a person").finds(scene.misspelt, born=format_date(scene.born)).sees("1 person found")

    # when the device does not recognise them, has lost the credential, or has no lock any more
    for what in (lambda: lock.knows(them=False), lambda: lock.loses(credential), lock.is_gone):
        tablet.presses("Lock").sees(DEVICE)
        what()
        tablet.presses(DEVICE).types("Passphrase", PASSPHRASE).sees("The device did not say that it is you")
        # then the passphrase opens it
        tablet.unlocks()
        if what != lock.is_gone:
            lock.knows(them=True)

    # and where there is no lock at all it is not offered
    tablet.presses("Lock").sees("Passphrase")
    tablet.opens().sees("Passphrase").sees_no(DEVICE)

    # and neither the passphrase nor anybody can be read on the disk
    tablet.unlocks().presses("Lock")
    assert found_on_disk(tablet, scene) == []


@pytest.mark.only_on("desk-postgresql")
def test_a_passphrase_is_changed_without_signal(site: Site, tablet: Tablet) -> None:
    scene = a_scene(site)
    lock = Lock(tablet).is_there()
    tablet.signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    tablet.presses("Tablet").presses("Passphrase and unlocking")
    tablet.types("Your passphrase", PASSPHRASE).presses("Add this device").sees("From now on this device")
    site.served.kill()

    # when what they choose is no good, or the one before is wrong, nothing changes
    change = ("The passphrase you have now", "New passphrase", "The new passphrase again")
    for typed, refusal in [
        ((PASSPHRASE, "short", "short"), "Choose at least 8 characters"),
        ((PASSPHRASE, "Lee Hart 1A", "Lee Hart 1A"), "without your own name"),
        (("guess", ANOTHER, ANOTHER), "This is not the passphrase. After 9 more"),
    ]:
        fill(tablet, change, typed).presses("Change passphrase").sees(refusal)
    tablet.is_sound()

    # when the one before is right
    fill(tablet, change, (PASSPHRASE, ANOTHER, ANOTHER)).presses("Change passphrase")
    tablet.sees("Your passphrase was changed").presses("Lock")
    tablet.types("Passphrase", PASSPHRASE).presses("Unlock").sees("This is not the passphrase")
    tablet.unlocks(ANOTHER)

    # and whoever forgot it lets the device say that it is them
    tablet.presses("Tablet").presses("Passphrase and unlocking").sees("Leave it empty to let this device say")
    fill(tablet, change, ("", PASSPHRASE, PASSPHRASE)).presses("Change passphrase").sees("Your passphrase was changed")
    tablet.presses("Lock").unlocks(PASSPHRASE)

    # and whoever wants the device to open nothing any more says so
    tablet.presses("Tablet").presses("Passphrase and unlocking").presses("Unlock with my passphrase only")
    tablet.sees("From now on only your passphrase unlocks").is_sound().presses("Lock")
    tablet.sees("Who are you?").sees_no(DEVICE)
    assert len(lock.credentials()) == 1


@pytest.mark.only_on("telephone-sqlite")
def test_two_users_change_places(site: Site, tablet: Tablet) -> None:
    """How long it takes is printed for whoever asks for it (`-s`), and not held to: this machine is no tablet."""
    scene = a_scene(site)
    colleague = site.employs(Role.PARAMEDIC, scene.trust, name="Ann Moss")
    lock = Lock(tablet).is_there()
    tablet.signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    adds_device(tablet)
    [own_key] = lock.credentials()
    tablet.forgets_sign_in().signs_in(site.user_names[colleague.clinician_id]).sees("Set up this tablet")
    tablet.types("Choose a passphrase", ANOTHER).types("The same passphrase again", ANOTHER).presses("Set up")
    tablet.sees("Find a person").waits_until_fetched(1)
    adds_device(tablet, ANOTHER)
    site.served.kill()

    took: list[tuple[str, float]] = []
    for user, passphrase in [("Lee Hart, paramedic", PASSPHRASE), ("Ann Moss, paramedic", ANOTHER)]:
        for button in ("Unlock", DEVICE):
            began = time.monotonic()
            tablet.presses("Lock").ticks(user)
            if button == "Unlock":
                tablet.types("Passphrase", passphrase)
            tablet.presses(button).sees("Find a person", user.split(",")[0])
            took.append((button, round(time.monotonic() - began, 2)))
            tablet.finds(scene.misspelt, born=format_date(scene.born)).sees("1 person found")
    print(f"seconds from the one user's search to the other's: {took}")

    # and the device's lock opens nobody's keyring but its owner's
    lock.loses(own_key)
    tablet.presses("Lock").ticks("Lee Hart, paramedic").presses(DEVICE).types("Passphrase", "guess")
    tablet.sees("The device did not say that it is you").ticks("Ann Moss, paramedic").presses(DEVICE).sees(
        "Find a person", "Ann Moss"
    )


@pytest.mark.only_on("telephone-sqlite")
def test_a_device_without_a_key_and_a_browser_without_webassembly(
    site: Site, chromium_maker: Playwright, tmp_path: Path
) -> None:
    scene = a_scene(site)
    address = f"http://localhost:{site.served.port}"
    tablet = Tablet(chromium_maker, site, tmp_path / "profile", address=address, flags=["--js-flags=--noexpose_wasm"])
    tablet.starts().page.add_init_script("delete globalThis.WebAssembly")
    try:
        Lock(tablet).is_there(has_prf=False)
        tablet.signs_in(scene.user_name).sees("Set up this tablet")
        tablet.types("Choose a passphrase", "qH7!rr2x").types("The same passphrase again", "qH7!rr2x")
        tablet.types("Name of the tablet", "Vehicle 1").ticks("Managed tablet or telephone").presses("Set up")
        tablet.sees("on this browser a shorter one is guessed too soon").is_set_up()
        tablet.presses("Tablet").sees("kept in a weaker way").is_sound().presses("Passphrase and unlocking")
        tablet.types("Your passphrase", PASSPHRASE).presses("Add this device").sees("This device has no key to give")
        tablet.presses("Lock").sees("Who are you?").sees_no(DEVICE).unlocks()
        wait_until(lambda: ways_of(scene) == ["pbkdf2"], "the register was not told")
    finally:
        tablet.ends()


#: What a browser does that keeps nothing, and what the tablet says of it.
KEEPS_NOTHING = {
    "delete globalThis.indexedDB": "a private window, or a lockdown mode",
    "IDBFactory.prototype.open = () => { throw new Error(); }": "pages may store nothing",
    "StorageManager.prototype.getDirectory = () => Promise.reject(new Error())": "forgets everything when it is closed",
    "StorageManager.prototype.estimate = async () => ({ quota: 9e7 })": "room for 90 MB",
}


@pytest.mark.only_on("telephone-sqlite")
def test_a_browser_that_keeps_nothing_says_so_before_anybody_is_set_up(site: Site, tablet: Tablet) -> None:
    scene = a_scene(site)
    tablet.signs_in(scene.user_name).sees("Set up this tablet", "a private window forgets everything")

    for script, words in KEEPS_NOTHING.items():
        tablet.page = tablet.page.context.new_page()
        tablet.page.add_init_script(script)
        tablet.opens().sees("This browser cannot keep records safely", words).sees_no("Set up this tablet").is_sound()

    assert ways_of(scene) == []


def adds_device(tablet: Tablet, passphrase: str = PASSPHRASE) -> None:
    """To what unlocks it for whoever reads."""
    tablet.presses("Tablet").presses("Passphrase and unlocking")
    tablet.types("Your passphrase", passphrase).presses("Add this device").sees("From now on this device")


def with_the_keyboard(tablet: Tablet, button: str) -> None:
    """Go on with the tab key until the button has the focus, and press it."""
    for _ in range(20):
        tablet.page.keyboard.press("Tab")
        if tablet.page.evaluate("document.activeElement.textContent") == button:
            return tablet.page.keyboard.press("Enter")
    raise AssertionError(f"The keyboard does not reach {button!r}")


def fill(tablet: Tablet, labels: tuple[str, ...], words: tuple[str, ...]) -> Tablet:
    for label, one in zip(labels, words, strict=True):
        tablet.types(label, one)
    return tablet


def ways_of(scene: Scene) -> list[str]:
    """With what the register says that they unlock; empty: nobody is set up."""
    db.session.rollback()
    found = db.session.scalars(select(DeviceUser).where(DeviceUser.clinician_id == scene.paramedic.clinician_id)).all()
    return [way for user in found for way in user.unlocked_with or ["not said"]]


def found_on_disk(tablet: Tablet, scene: Scene) -> list[str]:
    """What can be read in the files of the profile: who it is about, and what opens it."""
    secrets = [scene.name, scene.name.upper(), str(scene.entry_id), PASSPHRASE]
    wanted = [form for one in secrets for form in (one.encode(), one.encode("utf-16-le"))]
    return [f"{path.name}: {one!r}" for path, content in tablet.bytes_on_disk() for one in wanted if one in content]
