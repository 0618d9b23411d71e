"""Lay out the sheets of packs beside the requests, on every core, until nothing waits.

Reading and keeping is done here, one sheet after the other; only the layout, which is nearly all of the work, goes to
processes of its own. They know no database and no key: a finished page goes in, a file comes out.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from typing import Final

from flask import Flask

from epaccs.core.db import db
from epaccs.core.errors import Unavailable
from epaccs.handover import pdf
from epaccs.handover.actions import packs
from epaccs.handover.actions.packs import ToLayOut
from epaccs.settings import Settings

#: How soon a pack that was asked for is begun.
LOOK_SECONDS: Final = 1
#: Each takes some hundred megabytes, and a machine's number of cores says nothing of what this program may use.
MOST_PRESSES: Final = 4
#: What people wait for at a screen comes first.
_NICE: Final = 10
_log = logging.getLogger("epaccs.handover")


def lay_out_until(app: Flask, stop: threading.Event) -> None:
    """Look each second whether a sheet waits, until told to stop; whatever goes wrong with one round, the next is done.

    Where a process that laid out was ended, as for want of memory, the next round lays out one sheet at a time, so that
    none takes another with it.
    """
    settings: Settings = app.config["EPACCS"]
    presses = MOST_PRESSES
    while not stop.wait(LOOK_SECONDS):
        with app.app_context():
            try:
                lay_out_waiting(settings, stop, at_most=presses)
                presses = MOST_PRESSES
            except Unavailable:
                _log.warning("Sheets of packs wait: the database cannot be reached")
            except BrokenExecutor:
                presses = 1
                _log.error("Sheets of packs wait: a process that laid one out was ended")
            except Exception as error:  # noqa: BLE001 - a thread that ends lays out nothing for anybody any more
                _log.error("Sheets of packs wait: a round failed (%s)", type(error).__name__)
            finally:
                db.session.remove()


def lay_out_waiting(settings: Settings, stop: threading.Event, *, at_most: int = MOST_PRESSES) -> int:
    """Lay out every sheet that waits, on every core; how many were.

    Raises:
        Unavailable: the database did not do what was asked; whatever was claimed is laid out later.
        BrokenExecutor: a process that laid out was ended; the same.
    """
    if not packs.is_anything_waiting():
        return 0
    count = min(os.cpu_count() or 1, at_most)
    presses = build_presses(count)
    try:
        return lay_out_on(presses, count, settings, stop.is_set)
    finally:
        presses.shutdown(wait=False, cancel_futures=True)
        if stop.is_set():
            for process in multiprocessing.active_children():
                process.terminate()


def build_presses(count: int) -> ProcessPoolExecutor:
    """So many processes that lay out; each ends with this one, however that ends."""
    return ProcessPoolExecutor(
        count, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare, initargs=(os.getpid(),)
    )


def _prepare(parent: int) -> None:
    os.nice(_NICE)

    def look() -> None:
        while os.getppid() == parent:
            threading.Event().wait(LOOK_SECONDS)
        os._exit(0)

    threading.Thread(target=look, daemon=True).start()


def lay_out_on(presses: Executor, count: int, settings: Settings, is_stopped: Callable[[], bool]) -> int:
    """The same on presses that are there: one sheet for each, and where there are several, one that is ready beside."""
    under_way: dict[Future[pdf.Rendered], ToLayOut] = {}
    most, finished = count + (count > 1), 0
    while not is_stopped():
        while len(under_way) < most and packs.is_anything_waiting():
            claimed = packs.claim_next(settings=settings)
            if claimed is not None:
                under_way[presses.submit(pdf.render_html, claimed.html)] = claimed
        if not under_way:
            break
        done, _ = wait(under_way, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
        finished += sum(_keep(under_way.pop(one), one) for one in done)
    return finished


def _keep(laid: ToLayOut, work: Future[pdf.Rendered]) -> bool:
    try:
        rendered = work.result()
    except BrokenExecutor:
        raise
    except Exception as error:  # noqa: BLE001 - whatever fails at one sheet, the others of the pack go on
        _log.error("A sheet of a pack was left out: it cannot be laid out (%s)", type(error).__name__)
        packs.leave_out(laid.sheet_id)
        return False
    return packs.keep_layout(laid, rendered)
