"""What the tablet's program would do without each of its controls: a right piece of it, and a wrong one in its place.

The right piece stands once in the control's own file; see `tests.hazards.run_script_test`.
"""

from __future__ import annotations

from tests.hazards import Rewritten

REWRITTEN: dict[str, Rewritten] = {
    # H-03 a line outlives its decision
    "H-03e": Rewritten("Math.max(Date.now() - opened, performance.now() - began)", "Date.now() - opened"),
    # H-18 a read without a trace
    "H-18e": Rewritten('writing.put("meta", "audit_upto", 0)', 'writing.get("meta", "audit_upto")'),
    # H-47 the register's own past
    "H-47h": Rewritten('state !== "queued" && state !== "refused"', 'state === "queued" && state === "refused"'),
    # H-50 lost, or counted twice
    "H-50g": Rewritten("if (this.#hasSetAside) return false;", "if (id) return false;"),
    # H-27 the person's own withdrawal
    "H-27c": Rewritten("AGAINST_THE_CARD.has(kind) &&", "AGAINST_THE_CARD.has(state) &&"),
    # H-53 an old copy
    "H-53a": Rewritten("Math.max(counted, this.#byDevice(), this.#saved.seen)", "this.#sources.device()"),
    "H-53b": Rewritten(" === lines.length;", " > 0;"),
    "H-53c": Rewritten(
        "const agrees = sumOf(copy.people) === cursor.sum && copy.people.size === cursor.people;",
        "const agrees = cursor.people >= 0;",
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
        'return this.#store.write(["keyring"], (writing) => eraseMembers(writing, userId), "strict");',
        'return this.#store.write(["keyring", "outbox"], (writing) => {\n'
        "      eraseMembers(writing, userId);\n"
        '      writing.clear("outbox");\n'
        '    }, "strict");',
    ),
    "H-54d": Rewritten("kept = row;", "kept = row;\n  }).catch(() => {"),
    # H-55 a stolen tablet
    "H-55a": Rewritten(
        'return toBase64url(await crypto.subtle.sign("HMAC", keys.names, toBytes(entryId)));', "return entryId;"
    ),
    "H-55b": Rewritten(
        "const member = await this.#countAttempt(userId);",
        "const member = found && { ...found, wrong: found.wrong + 1 };",
    ),
    "H-55c": Rewritten("if (!/\\p{L}/u.test(typed))", "if (typed === null)"),
    "H-55d": Rewritten("if (isInTime) return this.#opens(opened);", "if (opened) return this.#opens(opened);"),
    "H-55e": Rewritten("const about = {", "const about = {\n      lease: answer.lease,"),
    # H-56 another's unsent work
    "H-56a": Rewritten("sign(here.signing, unsigned)", 'sign(here.signing, { ...unsigned, author_id: "" })'),
    "H-56b": Rewritten("row.authorId === here.user.id", "row !== null"),
    "H-56c": Rewritten("`keyring|${userId}`", "`keyring|${userId.length}`"),
    # H-57 storage that fails
    "H-57a": Rewritten("|| !(await this.#releasePiece())) throw error;", "|| error) throw error;"),
    "H-57b": Rewritten("keys.sort((one, other) => lastLook(one) - lastLook(other))", "keys.reverse()"),
    "H-57c": Rewritten("this.#wasOpen && before === 0", "false"),
    "H-57d": Rewritten('if (isDeadHandle(error)) throw this.#lose("broken");', ""),
    "H-57e": Rewritten("now.number === last.number + 1 && ", "now.number < 0 && "),
    "H-57h": Rewritten("isKept = container.controller !== null;", "isKept = true;"),
    # H-58 room, agreement, the present version
    "H-58d": Rewritten("restarts >= RESTARTS) return", "restarts < 0) return"),
    # H-59 what unlocks
    "H-59a": Rewritten(
        "const opened = await this.#members.tryPassphrase(reader.id, passphrase, true);",
        "const opened = { master: await newMasterKey(), member: reader, passphrase };",
    ),
    "H-59b": Rewritten("if (!(flags & USER_VERIFIED))", "if (flags < 0)"),
    "H-59c": Rewritten("mayUseDevice ? member : { ...member, device: null }", "mayUseDevice === null ? {} : member"),
    "H-59d": Rewritten("!isArgon2(way) || runsWebAssembly()", "Boolean(way)"),
    "H-59e": Rewritten("now && { ...withoutWithdrawn(now, given), ...given }", "now && { ...member, ...given }"),
    "H-59f": Rewritten("if (!(await opensFiles(navigator.storage))) return PRIVATE;", ""),
    # H-61 a round of a care home
    "H-61d": Rewritten(
        "if (residents.length > most) return null;", "residents.length = Math.min(residents.length, most);"
    ),
    "H-61e": Rewritten(
        "return isWhole ? Math.min(...moments, Number.POSITIVE_INFINITY) : null;", "return isWhole ? 0 : NaN;"
    ),
    "H-61f": Rewritten("return cannotCheck ? [] : null;", "return cannotCheck ? [] : identifiers;"),
    "H-61g": Rewritten("areAlike(namesOf(known), namesOf(other))", "namesOf(known) === namesOf(other)"),
    "H-61h": Rewritten("if (!this.#isInTime() || !this.#round) return null;", "if (!this.#round) return null;"),
    # H-60 a decision without signal
    "H-60b": Rewritten("when.every((condition) => holds(condition, said))", "when.length === 0"),
    "H-60c": Rewritten("if (lease.may_sign !== true) may.delete(SIGNING);", ""),
    "H-60d": Rewritten('state === "queued" && DECISIONS.has(kind)', 'state === "held" && DECISIONS.has(kind)'),
    "H-60e": Rewritten("Number(!one.isFirst) - Number(!other.isFirst)", "one.sequence - other.sequence"),
    "H-60f": Rewritten(
        "const went = await this.#sending.sendAll();",
        "await this.#sending.sendPhotos();\n    const went = await this.#sending.sendAll();",
    ),
    "H-60g": Rewritten('await sealForRegister(await this.#store.meta("seal_key"), named.id, said)', "said"),
    # H-67 a plan that is changed without signal
    "H-67a": Rewritten("kept ? answers.filter(({ field }) => isChanged(field, typed, kept)) : answers", "answers"),
    "H-67e": Rewritten('row.state === "queued" || (row.state === "sent" && row.settledAt >= asAt)', "row !== null"),
    # H-70 an altered sheet
    "H-70b": Rewritten('return await crypto.subtle.verify("Ed25519", verifier, signature, signed);', "return true;"),
    "H-70c": Rewritten("return key.withdrawn ?", "return key === null ?"),
    "H-70f": Rewritten("if (open && !fits(facts, open))", "if (open === undefined)"),
    "H-70g": Rewritten("if (facts.code !== address.code)", "if (facts === undefined)"),
    "H-70h": Rewritten("if (person.version > facts.change)", "if (cprOf(person) > facts.cprVersion)"),
    "H-70i": Rewritten("this.#answer?.(null);", ""),
    # H-74 a marker of somebody else
    "H-74a": Rewritten("if (open && person?.id !== open.id)", "if (open === undefined)"),
    "H-74b": Rewritten(r"\/m\/(\w{5})-(\w{5})", r"\/\w+\/(\w{4,5})-(\w{4,5})"),
    "H-74c": Rewritten("if (marker.digest.length !== DIGEST_LETTERS) return NOT_WHOLE;", ""),
}
