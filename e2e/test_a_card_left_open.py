"""A card left open on a bedside table grows old in sight, and says when the record was changed since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from e2e.conftest import Site, SitsDown
from e2e.scenes import decided, on_the_register
from e2e.steps import Somebody
from epaccs.clinicians.rules import Role
from epaccs.versions.actions import apply_edit
from tests.factories import an_edit

HALF_A_MINUTE = 31_000
A_QUARTER_OF_AN_HOUR = 16 * 60_000


def test_a_card_left_open_says_how_old_it_is_and_that_the_record_was_changed(site: Site, sits_down: SitsDown) -> None:
    name = site.a_name()
    gp = site.employs(Role.GP, name="Dr Anita Patel", may_sign=True)
    person = on_the_register(gp, family_name=name, born_on=site.a_birthday())
    decided(gp, person)
    paramedic = sits_down(site.employs(Role.PARAMEDIC, name="Lee Hart"))
    paramedic.page.clock.install(time=datetime.now(UTC) - timedelta(hours=5))

    # given a crew that has the card open, on a tablet whose clock is five hours late
    paramedic.opens("/").signs_in().opens(f"/record/{person}").presses("Emergency: open now")
    paramedic.sees("This copy left the register less than a minute ago.")
    _keeps_count(paramedic)

    # when a quarter of an hour goes by, with the lid closed
    paramedic.page.clock.fast_forward(A_QUARTER_OF_AN_HOUR)
    paramedic.page.get_by_text("Nothing was changed since.").wait_for()

    # then the card is as old as it is
    paramedic.sees("This copy left the register 16 min ago.", "Opened 16 min ago.")

    # when the practice changes the record meanwhile
    apply_edit(gp, an_edit(person, "treatment_level", {"level": "treat_at_home"}))
    paramedic.page.clock.run_for(HALF_A_MINUTE)
    paramedic.page.get_by_text("This record was changed since.").wait_for()

    # then opening it again shows what it says now
    paramedic.presses("Open it again").sees(
        "Treat at home first.", "This copy left the register less than a minute ago."
    )
    _keeps_count(paramedic)

    # when the line is lost
    paramedic.page.context.set_offline(True)
    paramedic.page.clock.run_for(HALF_A_MINUTE)
    paramedic.page.get_by_text("It is not known whether this changed since.").wait_for()


def _keeps_count(paramedic: Somebody) -> None:
    """The page's script has begun to count: time is moved by hand here, and must not be moved before that."""
    paramedic.page.locator(".app-strip__news").wait_for(state="attached")
