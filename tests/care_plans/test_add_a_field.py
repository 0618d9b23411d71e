"""A newcomer adds a field as CONTRIBUTING.md says: one line in one declaration, and everything else follows."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECTION = Path("epaccs/care_plans/sections/communication.py")
AFTER = '    read_language = ShortText("Preferred language to read", source="NHS England EoL data set")\n'
FIELD = '    lip_reads = YesNo("Does the person read lips?", source="local list", card=True)\n'

#: What a person meets: the question in the form, the answer on the page and on paper, the row in the list of fields.
MEETS = """
import sys
from script_docs import render_fields
from epaccs.handover.model import HandoverSheet
from epaccs.handover.pdf import build_html
from epaccs.handover.queries.sheets import build_sheet, read_contents
from epaccs.app import create_app
from epaccs.clinicians.rules import Role
from epaccs.core import migration
from epaccs.core.db import db
from epaccs.settings import Mode, Settings
from epaccs.stamps.actions import find_signer
from epaccs.versions.actions import apply_edit
from pathlib import Path
from tests.factories import a_clinician, an_edit
from tests.record.visits import a_person_with_everything, open_record

folder = Path(sys.argv[1])
settings = Settings(database_url=f"sqlite:///{folder / 'x.sqlite3'}", data_dir=folder, secret_key="x" * 40,
                    mode=Mode.DEMO, testing=True)
app = create_app(settings)
with app.app_context():
    with db.engine.begin() as connection:
        migration.upgrade(connection)
    gp = a_clinician(Role.GP, may_sign=True)
    person = a_person_with_everything(gp)
    pages = open_record(app, gp, person)
    pages.open(f"/record/{person}/plan/communication").fill(lip_reads="yes").submit("Save")
    pages.see("Does the person read lips? Yes")
    sheet = build_sheet(gp, read_contents(gp, person, settings=settings),
                        HandoverSheet(code="KTW49HQX", printed_for="Night team", place=""),
                        signer=find_signer(), settings=settings)
    assert "Does the person read lips?" in build_html(sheet)
    tablets = app.test_client().get("/tablet/forms").get_data(as_text=True)
    assert 'name="lip_reads"' in tablets
    assert "| `lip_reads` | Does the person read lips? |" in render_fields()
"""


def test_a_field_is_one_line(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for name in ("epaccs", "migrations", "print_templates", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "script" / "print_docs.py", copy / "script_docs.py")
    before = (copy / SECTION).read_text(encoding="utf-8")
    assert before.count(AFTER) == 1
    imported = before.replace("ConceptCode, ShortText\n", "ConceptCode, ShortText, YesNo\n")
    changed = imported.replace(AFTER, AFTER + FIELD)
    (copy / SECTION).write_text(changed, encoding="utf-8")
    (tmp_path / "data").mkdir()

    met = subprocess.run(
        [sys.executable, "-c", MEETS, str(tmp_path / "data")],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    lines = list(difflib.unified_diff(before.splitlines(), changed.splitlines(), n=0, lineterm=""))[2:]
    assert met.returncode == 0, met.stderr[-3000:]
    assert len([line for line in lines if line[0] in "+-"]) <= 5
