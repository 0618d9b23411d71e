"""What the tablet's program would do without each of its controls: a right piece of it, and a wrong one in its place.

The right piece stands once in the control's own file; see `tests.hazards.run_script_test`.
"""

from __future__ import annotations

from tests.hazards import Rewritten

REWRITTEN: dict[str, Rewritten] = {
    # H-53 an old copy
    "H-53a": Rewritten("Math.max(counted, this.#byDevice(), this.#saved.seen)", "this.#sources.device()"),
    "H-53b": Rewritten(" === lines.length;", " > 0;"),
    "H-53c": Rewritten(
        "if (sumOf(copy.people) !== cursor.sum || copy.people.size !== cursor.people) {",
        "if (cursor.people < 0) {",
    ),
    "H-53d": Rewritten("`${scope}|${tier}|${id}|${version}`", "`${scope}|${tier}|${id}|${version > 0}`"),
    "H-53e": Rewritten("!== expected)", "=== null)"),
    # H-54 unsent work
    "H-54a": Rewritten('row.state !== "queued" && ', ""),
    "H-54b": Rewritten(
        'outcome === "refused" || outcome === "other_words" ? "refused" : "queued"',
        'outcome === "refused" || outcome === "other_words" ? "refused" : "sent"',
    ),
    "H-54c": Rewritten(
        'await this.#store.write(["keyring"], (writing) => eraseMembers(writing, userId), "strict");',
        'await this.#store.write(["keyring", "outbox"], (writing) => {\n'
        "      eraseMembers(writing, userId);\n"
        '      writing.clear("outbox");\n'
        '    }, "strict");',
    ),
    "H-54d": Rewritten("kept = row;", "kept = row;\n  }).catch(() => {"),
    # H-55 a stolen tablet
    "H-55a": Rewritten(
        'return toBase64url(await crypto.subtle.sign("HMAC", keys.names, toBytes(entryId)));', "return entryId;"
    ),
    "H-55b": Rewritten("await this.#putMember(counted);", ""),
    "H-55c": Rewritten("if (!/\\p{L}/u.test(typed))", "if (typed === null)"),
    "H-55d": Rewritten("if (isInTime) return this.#opens(opened);", "if (opened) return this.#opens(opened);"),
    "H-55e": Rewritten("const about = {", "const about = {\n      lease: answer.lease,"),
    # H-56 another's unsent work
    "H-56a": Rewritten("sign(here.signing, unsigned)", 'sign(here.signing, { ...unsigned, author_id: "" })'),
    "H-56b": Rewritten("row.authorId === here.user.id", "row !== null"),
    "H-56c": Rewritten("`keyring|${userId}`", "`keyring|${userId.length}`"),
}
