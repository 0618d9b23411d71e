"""The peer of a tablet: PouchDB in the same browser, from its own server on this machine, with the very same records.

Its packages are pinned in `bench/peer` and installed when it is first measured beside.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

FOLDER: Final = Path(__file__).with_name("peer")

#: Whole, from the first question to the last document kept, and how many are there then.
_REPLICATE: Final = """async ({name, batch, wanted}) => {
  const copy = new PouchDB(name, {adapter: "indexeddb"});
  await copy.info();
  const from = performance.now();
  const answer = await PouchDB.replicate(new PouchDB(location.origin + "/db/people"), copy, {batch_size: batch});
  const seconds = (performance.now() - from) / 1000;
  const {doc_count} = await copy.info();
  const one = await copy.get(wanted);
  await copy.destroy();
  return {seconds, count: doc_count, written: answer.docs_written, one};
}"""


def install() -> None:
    """Its packages as they are pinned, without running anything of theirs; only when the list changed."""
    modules, mark = FOLDER / "node_modules", hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    made_from = modules / ".made-from"
    if made_from.is_file() and made_from.read_text() == mark:
        return
    npm = shutil.which("npm")
    assert npm, "npm is needed to install what the tablet is measured beside"
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=FOLDER, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - pinned packages, no scripts
    made_from.write_text(mark)


@contextmanager
def peer_server(folder: Path, documents: Iterable[Mapping[str, Any]]) -> Iterator[int]:
    """Its server with these documents, and the port on which it answers; it ends when this is over."""
    folder.mkdir()
    lines = folder / "documents.ndjson"
    lines.write_text("".join(f"{json.dumps(one, ensure_ascii=False, separators=(',', ':'))}\n" for one in documents))
    node = shutil.which("node")
    assert node, "Node.js is needed to run what the tablet is measured beside"
    command = [node, str(FOLDER / "server.js"), str(folder), str(lines)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own program
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            assert port.isdigit(), "the peer's server did not start"
            yield int(port)
        finally:
            server.terminate()
            server.wait(timeout=30)


def replicate(page: Page, documents: list[dict[str, Any]], *, name: str, batch: int) -> float:
    """The seconds of one first download of all documents, on a page of the peer's server."""
    wanted = documents[len(documents) // 2]
    answer = page.evaluate(_REPLICATE, {"name": name, "batch": batch, "wanted": wanted["_id"]})
    assert answer["count"] == answer["written"] == len(documents), "not every document came"
    assert {key: value for key, value in answer["one"].items() if key != "_rev"} == wanted, "a document is another"
    return float(answer["seconds"])
