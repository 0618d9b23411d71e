"""A register, a line to it that fails, and tablets without a screen on that line."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from e2e.bad_line import BadLine, bad_line
from e2e.conftest import Site
from e2e.faults.crew import Crew, Screenless, a_crew
from e2e.tablets import Scene, a_scene
from epaccs.clinicians.rules import Actor

#: Another tablet of this person.
NewTablet = Callable[[Actor], Screenless]


@pytest.fixture
def line(site: Site) -> Iterator[BadLine]:
    """The line between tablets and register; the server stands again afterwards."""
    with bad_line(site.served.port) as one:
        yield one
    site.served.start()


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    """The process of the tablets."""
    with a_crew() as one:
        yield one


@pytest.fixture
def new_tablet(crew: Crew, line: BadLine) -> NewTablet:
    """A tablet on the line, set up by somebody."""
    return lambda actor: Screenless(crew, line.address, actor).is_set_up()


@pytest.fixture
def scene(site: Site) -> Scene:
    """Somebody who refuses CPR, and two others of the area."""
    return a_scene(site, others=2)


@pytest.fixture
def tablet(new_tablet: NewTablet, scene: Scene) -> Screenless:
    """The crew's tablet, with everybody on it."""
    one = new_tablet(scene.paramedic)
    assert one.round()["phase"] == "quiet"
    return one
