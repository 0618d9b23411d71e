"""Tablets without a screen, in front of a real server: their own program, told what to do and asked how they stand."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from e2e.tablets import Scene
from epaccs.clinicians import actions
from epaccs.clinicians.model import Membership
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db

PROGRAM = Path(__file__).with_name("tablet.js")
#: Nothing asked of a tablet takes longer, unless it is told to go on for longer.
PATIENCE_SECONDS = 90

JSONObject = dict[str, Any]


class Crew:
    """The process in which tablets live; each question is answered by its number, in any order."""

    def __init__(self) -> None:
        node = os.environ.get("EPACCS_TEST_NODE") or shutil.which("node")
        assert node, "Node.js is not installed: run the walks with script/test"
        self._process = subprocess.Popen(
            [node, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._numbers, self._lock = count(1), threading.Lock()
        self._answers: dict[int, queue.Queue[JSONObject]] = {}
        self._hearing = threading.Thread(target=self._hear, daemon=True)
        self._hearing.start()

    def tells(self, tablet: str, deed: str, **told: Any) -> queue.Queue[JSONObject]:
        """Ask for a deed; the answer comes into this queue."""
        number = next(self._numbers)
        answer: queue.Queue[JSONObject] = queue.Queue()
        self._answers[number] = answer
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps({"n": number, "tablet": tablet, "do": deed, **told}) + "\n")
            self._process.stdin.flush()
        return answer

    def ends(self) -> None:
        """The process ends with its tablets."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._hearing.join(timeout=20)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            self._answers.pop(answer["n"]).put(answer)


@contextmanager
def a_crew() -> Iterator[Crew]:
    """Tablets of one process, which ends afterwards."""
    crew = Crew()
    try:
        yield crew
    finally:
        crew.ends()


def heard(answer: queue.Queue[JSONObject], seconds: float = PATIENCE_SECONDS) -> Any:
    """What a tablet answered.

    Raises:
        AssertionError: it failed.
    """
    found = answer.get(timeout=seconds)
    assert "error" not in found, found["error"]
    return found["value"]


class Screenless:
    """One tablet without a screen, in the hands of one person; `made`: the ids of everything written down on it."""

    _names = count(1)

    def __init__(self, crew: Crew, address: str, actor: Actor) -> None:
        self._crew, self.actor, self.made = crew, actor, list[str]()
        self.name = f"tablet-{next(self._names)}"
        self.device_id = ""
        self.asks("starts", address=address)

    def asks(self, deed: str, *, seconds: float = PATIENCE_SECONDS, **told: Any) -> Any:
        """What it answers, when it has done it."""
        return heard(self._crew.tells(self.name, deed, **told), seconds)

    def begins(self, deed: str, **told: Any) -> queue.Queue[JSONObject]:
        """It does this while the test goes on."""
        return self._crew.tells(self.name, deed, **told)

    def is_set_up(self) -> Screenless:
        """Its user is signed in beside it, once."""
        answer = self.asks("enrol", cookie=f"epaccs-session={session_of(self.actor)}")
        self.device_id = answer["device_id"]
        return self

    def is_copied(self, crew: Crew, address: str) -> Screenless:
        """Somebody made a second tablet of its disk."""
        twin = Screenless(crew, address, self.actor)
        twin.device_id = self.device_id
        self.asks("copy", to=twin.name)
        return twin

    def round(self) -> JSONObject:
        """Send what waits, fetch what is new; how it stands, and `wait`: in how many milliseconds it asks again."""
        answer: JSONObject = self.asks("round")
        return answer

    def goes(self, seconds: float, **until: Any) -> list[float]:
        """Rounds as far apart as its program says; how long it waited after each, in milliseconds."""
        waits: list[float] = self.asks(
            "goes",
            seconds=seconds,
            **until,
        )["waits"]
        return waits

    def state(self) -> JSONObject:
        """How it stands."""
        state: JSONObject = self.asks("state")
        return state

    def writes(self, entry_id: UUID, section: str, kind: str, body: JSONObject, **fields: Any) -> str:
        """Something is written down on it; its id."""
        written = self.asks("write", entry_id=str(entry_id), section=section, kind=kind, body=body, **fields)
        self.made.append(written["id"])
        return str(written["id"])

    def saw_the_form(self, entry_id: UUID, place: str) -> str:
        """The paper was seen there today."""
        body = {"place": place, "seen_on": clock.today().isoformat()}
        return self.writes(entry_id, "cpr", "original_seen", body, words=place)

    def helped(self, entry_id: str, words: str) -> str:
        """What was done for somebody."""
        body = {"item": {"outcome": "treated_at_home", "words": words}}
        return self.writes(UUID(entry_id), "observations", "happened", body, words=words)

    def others(self, scene: Scene) -> list[str]:
        """Everybody on it but the one that the scene is about."""
        return [one for one in self.state()["people"] if one != str(scene.entry_id)]

    @property
    def waiting(self) -> list[str]:
        """The ids of what has no result."""
        return [one for one, state in self.state()["rows"].items() if state == "queued"]


def session_of(actor: Actor) -> str:
    """Somebody signs in: the token of their session."""
    membership = db.session.query(Membership.id).filter_by(
        clinician_id=actor.clinician_id, organisation_id=actor.organisation_id, role=str(actor.role)
    )
    door = actions.Door(address="127.0.0.1", browser="a walk")
    return actions.start_session(actor.clinician_id, membership_id=membership.scalar(), door=door).token
