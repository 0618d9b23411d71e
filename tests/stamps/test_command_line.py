"""`epaccs stamps`: keys of sheets, from a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from flask import Flask

from epaccs.core import clock
from epaccs.stamps.actions import find_signer
from epaccs.stamps.rules import ANNOUNCED_FOR
from tests.conftest import Run


def test_a_key_is_changed_and_the_former_one_withdrawn(
    app: Flask, run: Run, frozen_clock: Callable[[datetime], None]
) -> None:
    former = find_signer().key_id
    early = run("stamps", "change")
    assert (early.exit_code, "Tablets must be told of the next key first" in early.stderr) == (1, True)
    frozen_clock(clock.now() + ANNOUNCED_FOR)

    changed = run("stamps", "change", "--json")
    now = json.loads(changed.stdout)["id"]
    withdrawn = run("stamps", "withdraw", former, "--because", "The server was broken into")

    assert (changed.exit_code, withdrawn.exit_code) == (0, 0)
    assert f"Key {former} is withdrawn" in withdrawn.stdout
    assert "No sheet of it is in use." in withdrawn.stdout
    assert find_signer().key_id == now != former
    listed = {line.split()[0]: line for line in run("stamps", "list").stdout.splitlines()}
    assert "signs what is printed" in listed[now]
    assert "withdrawn 28-Nov-2026" in listed[former]
    assert "The server was broken into" in listed[former]
    [announced] = set(listed) - {now, former}
    assert "signs next" in listed[announced]
    told = [json.loads(line) for line in run("stamps", "list", "--json").stdout.splitlines()]
    assert {one["id"] for one in told if one["withdrawn"]} == {former}


def test_a_key_that_is_not_there_or_no_reason_is_refused(app: Flask, run: Run) -> None:
    key_id = find_signer().key_id

    unknown = run("stamps", "withdraw", "00000000", "--because", "Stolen")
    silent = run("stamps", "withdraw", key_id, "--because", " ")

    assert (unknown.exit_code, silent.exit_code) == (1, 1)
    assert "Say why the key is withdrawn" in silent.stderr
    assert find_signer().key_id == key_id
