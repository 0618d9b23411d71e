"""A field is declared once, in a marshmallow schema; the form, its refusals and the loaded value follow from it.

A field class knows how its answer is typed (one box, three boxes, ticks), how it is read (the parsers in `fields` and
`nhs_number`, so a tablet, a program and a page are told the same sentence), and how a stored value is put back into the
boxes. `Form` joins a schema with what a browser sent; `answer_form` is what nearly every view of a form does.

Nothing here knows HTTP: what was sent is any mapping with several values to a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from marshmallow import Schema, ValidationError, validate
from marshmallow import fields as base
from marshmallow import missing as not_given

from epaccs.core import clock
from epaccs.core import fields as parsers
from epaccs.core.errors import MustWait, NotFound, RuleBroken, RulesBroken
from epaccs.core.identifiers import new_id, parse_id
from epaccs.core.nhs_number import format_nhs_number, parse_nhs_number
from epaccs.core.passages import check_has_no_mark, check_passages
from epaccs.core.snomed import parse_concept_code

#: Sent with every form beside its fields: the token, the number of the edit, the version it was made on, the button.
HIDDEN_NAMES: Final = ("csrf_token", "edit_id", "base_version", "action")

DATE_BOXES: Final = ("day", "month", "year")
MOMENT_BOXES: Final = (*DATE_BOXES, "time")

YES_NO: Final = {"yes": "Yes", "no": "No"}
YES_NO_UNKNOWN: Final = {**YES_NO, "unknown": "Not known"}

#: Controls but for tab and line ends, halves of a pair, and non-characters. Source: HTML, section 13.2.3.5.
_NOT_IN_HTML: Final = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)

_EMAIL: Final = validate.Email()

Answer = TypeVar("Answer")


class Sent(Protocol):
    """What a browser sent: a name may come several times."""

    def __contains__(self, name: object, /) -> bool: ...
    def __iter__(self) -> Any: ...
    def getlist(self, name: str, /) -> list[str]: ...


# --- Fields ----------------------------------------------------------------------------------------------------------


class FormField(base.Field[Any]):
    """One answer that a form asks for.

    Args:
        label: the words beside the box, or the question above the ticks.
        hint: what helps to answer it; None: nothing.
        called: its name within a sentence, in lower case: "date of birth"; None: the label in lower case.
        ask: the sentence when it is left blank but required; None: "Enter the ...", or the question once more.
        required: whether blank is refused; otherwise blank is loaded as None, never as a value.
        metadata: anything else a reader of the declaration wants: width, autocomplete, inputmode, tier, source;
            `detail`: asked for the standard's sake, folded away until somebody needs it.
    """

    kind: str = "text"
    boxes: tuple[str, ...] = ()
    has_many = False
    is_always_sent = True  #: a browser sends a text box even when it is blank, but nothing for a radio nobody chose

    def __init__(
        self,
        label: str,
        *,
        hint: str | None = None,
        called: str | None = None,
        ask: str | None = None,
        required: bool = False,
        **metadata: Any,
    ) -> None:
        self.called = called or start_small(label.rstrip("?"))
        #: The words of a question that has no name within a sentence; None: it has one.
        self.question = label if called is None and label.endswith("?") else None
        ask = ask or self._default_ask()
        super().__init__(
            required=required,
            allow_none=not required,
            load_default=not_given if required else None,
            error_messages={"required": ask, "null": ask},
            metadata={"label": label, "hint": hint, "kind": self.kind, **metadata},
        )

    def _default_ask(self) -> str:
        return f"Answer the question: {self.question}" if self.question else f"Enter the {self.called}"

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Blank is no answer; everything else is read by the field, whose refusals keep the box they concern."""
        if self.is_blank(value):
            value = None
        try:
            return super().deserialize(value, *args, **kwargs)
        except RuleBroken as error:
            box = _box_of(error.field)
            raise ValidationError({box: [error.message]} if box else [error.message]) from error

    @staticmethod
    def is_blank(value: Any) -> bool:
        """Whether what was typed is no answer."""
        if isinstance(value, str):
            return not value.strip()
        if isinstance(value, Mapping):
            return not any(isinstance(part, str) and part.strip() for part in value.values())
        return isinstance(value, list) and not value

    def input_names(self, name: str) -> list[str]:
        """The names under which a browser sends the answer."""
        return [f"{name}-{box}" for box in self.boxes] or [name]

    def first_box(self, name: str) -> str:
        """The id of the box to which a refusal leads."""
        return self.input_names(name)[0]

    def read_sent(self, sent: Sent, name: str) -> Any:
        """The answer as it was typed."""
        if self.boxes:
            return {box: _first(sent.getlist(f"{name}-{box}")) for box in self.boxes}
        if self.has_many:
            return sent.getlist(name)
        return _first(sent.getlist(name))

    def to_form(self, value: Any) -> Any:
        """A stored value as it stands in the boxes: as loaded, or as the schema writes it down."""
        if value is None:
            return dict.fromkeys(self.boxes, "") if self.boxes else [] if self.has_many else ""
        return self._typed(value)

    def _typed(self, value: Any) -> Any:
        return str(value)


class ShortText(FormField):
    """One line of text."""

    def __init__(self, label: str, *, limit: int = parsers.NAME_LIMIT, **options: Any) -> None:
        # A box as long as its answer; a long one takes the whole line.
        width = 10 if limit <= 20 else 20 if limit <= parsers.NAME_LIMIT else None
        super().__init__(label, **{"limit": limit, "width": width, **options})

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = _check_text(value, self.called)
        cleaned = parsers.clean_text(text, field_label=self.called, limit=self.metadata["limit"])
        check_has_no_mark(cleaned, field_label=self.called)
        return " ".join(cleaned.split())


class FreeText(FormField):
    """Several lines of text, kept as typed up to a limit that is stated and never silently applied.

    Args:
        passages: whether a passage can be marked that is not for the person (see `passages`).
    """

    kind = "textarea"

    def __init__(
        self, label: str, *, limit: int = parsers.TEXT_LIMIT, rows: int = 4, passages: bool = False, **options: Any
    ) -> None:
        super().__init__(label, limit=limit, rows=rows, passages=passages, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = parsers.clean_text(
            _check_text(value, self.called), field_label=self.called, limit=self.metadata["limit"]
        )
        check = check_passages if self.metadata["passages"] else check_has_no_mark
        check(text, field_label=self.called)
        return text


class PersonName(FormField):
    """One part of a person's name."""

    def __init__(self, label: str, *, autocomplete: str = "off", **options: Any) -> None:
        super().__init__(label, **{"autocomplete": autocomplete, "spellcheck": False, "width": 20, **options})

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return parsers.check_name(_check_text(value, self.called), field_label=self.called)


class NHSNumberField(FormField):
    """An NHS number in any spacing; loaded as ten digits."""

    def __init__(self, label: str = "NHS number", **options: Any) -> None:
        super().__init__(
            label, **{"width": 10, "inputmode": "numeric", "autocomplete": "off", "spellcheck": False, **options}
        )

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return parse_nhs_number(_check_text(value, self.called))

    def _typed(self, value: Any) -> str:
        return format_nhs_number(str(value))


class ConceptCode(FormField):
    """The code of a SNOMED CT concept in any spacing; always beside the words it stands for."""

    def __init__(self, label: str = "SNOMED CT code", **options: Any) -> None:
        super().__init__(
            label,
            **{
                "width": 20,
                "inputmode": "numeric",
                "autocomplete": "off",
                "spellcheck": False,
                "detail": True,
                **options,
            },
        )

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return parse_concept_code(_check_text(value, self.called), field_label=self.called)


class Telephone(FormField):
    """A telephone number; loaded in the groups in which it is read aloud."""

    def __init__(self, label: str = "Telephone number", **options: Any) -> None:
        super().__init__(label, **{"width": 20, "type": "tel", "inputmode": "tel", "autocomplete": "off", **options})

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return parsers.normalise_telephone(_check_text(value, self.called), field_label=self.called)


class EmailAddress(FormField):
    """An address for email; nobody tries whether it is read."""

    def __init__(self, label: str = "Email address", **options: Any) -> None:
        options = {"type": "email", "autocomplete": "off", "spellcheck": False, "width": 20, **options}
        super().__init__(label, limit=255, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = parsers.clean_text(
            _check_text(value, self.called), field_label=self.called, limit=self.metadata["limit"]
        )
        try:
            return str(_EMAIL(text))
        except ValidationError:
            raise RuleBroken(f"Enter the {self.called} in full, for example name@example.org") from None


class Postcode(FormField):
    """A postcode; loaded in capitals with its one space."""

    def __init__(self, label: str = "Postcode", **options: Any) -> None:
        super().__init__(label, **{"width": 10, "autocomplete": "off", "spellcheck": False, **options})

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return parsers.normalise_postcode(_check_text(value, self.called))


class WholeNumber(FormField):
    """A whole number between two others, both allowed."""

    def __init__(self, label: str, *, lowest: int, highest: int, **options: Any) -> None:
        options = {"width": 4, "inputmode": "numeric", "autocomplete": "off", **options}
        super().__init__(label, lowest=lowest, highest=highest, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        lowest, highest = self.metadata["lowest"], self.metadata["highest"]
        text = str(value).strip()
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
        if number is None or not lowest <= number <= highest:
            raise RuleBroken(f"Enter the {self.called} as a whole number from {lowest:,} to {highest:,}")
        return number


class Password(FormField):
    """A secret; never put back into a page, kept exactly as typed."""

    kind = "password"

    def __init__(self, label: str = "Password", *, autocomplete: str = "current-password", **options: Any) -> None:
        super().__init__(label, **{"autocomplete": autocomplete, "limit": 1000, **options})

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        limit = self.metadata["limit"]
        if len(str(value)) > limit:
            raise RuleBroken(f"Shorten the {self.called}: it can hold {limit:,} characters")
        return str(value)

    def to_form(self, value: Any) -> str:
        """Always empty."""
        return ""


class FileField(FormField):
    """One file; loaded as its bytes. What it is called and says of itself is not asked: neither can be believed."""

    kind = "file"
    is_always_sent = False  # what was typed before a session ended comes back without its file

    def _default_ask(self) -> str:
        return f"Choose the {self.called}"

    def read_sent(self, sent: Sent, name: str) -> Any:
        """The file itself; None: none was chosen."""
        return next((one for one in sent.getlist(name) if getattr(one, "filename", None)), None)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bytes:
        if not hasattr(value, "read"):
            raise RuleBroken(f"Choose the {self.called} as a file")
        return bytes(value.read())

    def to_form(self, value: Any) -> str:
        """Always empty: no page can put a file back into its box."""
        return ""


class Hidden(ShortText):
    """What a page passes on without asking, such as an id."""

    kind = "hidden"


class TypedDate(FormField):
    """A day, typed into three boxes; from a program 1941-01-06.

    Args:
        earliest: nothing before this day can be meant.
        future: whether a day after today can be meant.
        one_box: typed as one text, such as 06-Jan-1941, where a search box must be quick.
    """

    kind = "date"
    boxes: tuple[str, ...] = DATE_BOXES

    def __init__(
        self,
        label: str,
        *,
        earliest: date = parsers.EARLIEST_DATE,
        future: bool = False,
        one_box: bool = False,
        **options: Any,
    ) -> None:
        if one_box:
            self.boxes, self.kind = (), "text"
            options = {"width": 10, "autocomplete": "off", **options}
        super().__init__(label, earliest=earliest, future=future, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> date:
        earliest, today = self.metadata["earliest"], None if self.metadata["future"] else clock.today()
        if isinstance(value, Mapping):
            day, month, year = (str(value.get(box, "")) for box in DATE_BOXES)
            return parsers.parse_date_parts(
                (day, month, year), field_label=self.called, field=attr or "", earliest=earliest, today=today
            )
        return parsers.parse_date(str(value), field_label=self.called, earliest=earliest, today=today)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.isoformat()

    def _typed(self, value: date | str) -> Any:
        day = date.fromisoformat(value) if isinstance(value, str) else value
        if not self.boxes:
            return parsers.format_date(day)
        return {"day": str(day.day), "month": str(day.month), "year": f"{day.year:04}"}


class TypedDateTime(FormField):
    """A day and a time by British clocks, typed into four boxes; from a program 2026-11-20T14:05:00Z; loaded as UTC."""

    kind = "moment"
    boxes: tuple[str, ...] = MOMENT_BOXES

    def __init__(
        self, label: str, *, earliest: date = parsers.EARLIEST_DATE, future: bool = False, **options: Any
    ) -> None:
        super().__init__(label, earliest=earliest, future=future, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        moment = self._from_boxes(value, attr or "") if isinstance(value, Mapping) else self._from_text(str(value))
        if not self.metadata["future"] and moment > clock.now():
            raise RuleBroken(f"The {self.called} must be now or in the past", field=f"{attr}-time")
        return moment

    def _from_boxes(self, value: Mapping[str, str], name: str) -> datetime:
        day, month, year, typed_time = (str(value.get(box, "")) for box in MOMENT_BOXES)
        on = parsers.parse_date_parts(
            (day, month, year),
            field_label=self.called,
            field=name,
            earliest=self.metadata["earliest"],
            today=None if self.metadata["future"] else clock.today(),
        )
        at = parsers.parse_time(typed_time, field_label=f"time of the {self.called}", field=f"{name}-time")
        return parsers.build_moment(on, at, field_label=self.called, field=f"{name}-time")

    def _from_text(self, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text.strip())
            if moment.tzinfo is None:
                raise ValueError("no time zone")
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise RuleBroken(f"Give the {self.called} with its time zone, for example 2026-11-20T14:05:00Z") from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.isoformat()

    def _typed(self, value: datetime | str) -> dict[str, str]:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        local = moment.astimezone(parsers.LONDON)
        return {"day": str(local.day), "month": str(local.month), "year": f"{local.year:04}", "time": f"{local:%H:%M}"}


class Choice(FormField):
    """One of a closed list, as radios in the order given, none of them ticked before the person ticks it.

    Args:
        values: the words for each code, in the order shown.
        hints: what helps to choose, by code.
        codes: the SNOMED CT concept that a standard gives for an answer, by code; an answer without one has none.
        enum: the closed list the code is loaded as; None: the code itself.
        as_list: shown as a list to open, where there are more than about eight.
    """

    kind = "choice"
    is_always_sent = False

    def __init__(
        self,
        label: str,
        values: Mapping[str, str],
        *,
        hints: Mapping[str, str] | None = None,
        codes: Mapping[str, str] | None = None,
        enum: type[StrEnum] | None = None,
        as_list: bool = False,
        **options: Any,
    ) -> None:
        self.values, self.enum = {str(code): words for code, words in values.items()}, enum
        if as_list:
            self.kind, self.is_always_sent = "list", True
        super().__init__(label, values=self.values, hints=dict(hints or {}), codes=dict(codes or {}), **options)

    def _default_ask(self) -> str:
        return f"Choose an answer: {self.question}" if self.question else f"Choose the {self.called}"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return self._chosen(value)

    def _chosen(self, value: Any) -> Any:
        if not isinstance(value, str) or value not in self.values:
            raise RuleBroken(f"Choose only from what is offered: {self.question or self.called}")
        return self.enum(value) if self.enum else str(value)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else str(value)


class Choices(Choice):
    """Any number of a closed list, as boxes to tick; loaded as a list in the order of the declaration."""

    kind = "choices"
    has_many = True

    def _default_ask(self) -> str:
        return f"Tick at least one: {self.question or self.called}"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        chosen = {self._chosen(code) for code in (value if isinstance(value, list) else [value])}
        return [self.enum(code) if self.enum else code for code in self.values if code in chosen]

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[str] | None:
        return None if value is None else [str(code) for code in value]

    def _typed(self, value: Iterable[Any]) -> list[str]:
        return [str(code) for code in value]


class YesNo(Choice):
    """Yes or no; loaded as True or False, and as None when it was not answered."""

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, YES_NO, **options)

    def _default_ask(self) -> str:
        return f"Choose yes or no: {self.question or self.called}"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        return value if isinstance(value, bool) else self._chosen(value) == "yes"

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> bool | None:
        return None if value is None else bool(value)

    def _typed(self, value: Any) -> str:
        return "yes" if value else "no"


class YesNoUnknown(Choice):
    """Yes, no, or asked and not known; not answered is a fourth thing, loaded as None."""

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, YES_NO_UNKNOWN, **options)


class Tick(Choice):
    """One box to tick, as a statement by the person who ticks it; loaded as True, or as None."""

    kind = "tick"

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, {"yes": label}, **{"ask": f"Tick the box: {label}", **options})

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        return value if isinstance(value, bool) else self._chosen(value) == "yes"

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> bool | None:
        return None if value is None else bool(value)

    def _typed(self, value: Any) -> str:
        return "yes" if value else ""


def start_small(label: str) -> str:
    """The label within a sentence: "Date of birth" gets a small letter, "NHS number" keeps its capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _check_text(value: Any, called: str) -> str:
    if not isinstance(value, str):
        raise RuleBroken(f"Enter the {called} as text")
    return value


def _first(values: Sequence[str]) -> str:
    return values[0] if values else ""


def _box_of(field: str | None) -> str:
    return field.rpartition("-")[2] if field and "-" in field else ""


# --- Forms -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FormError:
    """One refusal: the field (None: the whole form), the sentence, the id of the box it leads to (None: nowhere)."""

    field: str | None
    sentence: str
    anchor: str | None


@dataclass(frozen=True)
class ShownField:
    """One field as a template shows it; `is_early`: it is not asked yet."""

    name: str
    kind: str
    label: str
    hint: str | None
    value: Any
    errors: tuple[FormError, ...]
    metadata: Mapping[str, Any]
    is_early: bool = False

    @property
    def error(self) -> str | None:
        """The sentences beside the field; None: nothing is wrong with it."""
        return ". ".join(error.sentence for error in self.errors) or None

    @property
    def wrong_boxes(self) -> frozenset[str]:
        """The ids of the boxes that a refusal leads to."""
        return frozenset(error.anchor for error in self.errors if error.anchor)

    @property
    def is_folded(self) -> bool:
        """A detail that was not answered, with nothing wrong about it."""
        return bool(self.option("detail")) and self._may_be_folded

    @property
    def is_for_later(self) -> bool:
        """A question that is not asked yet; one that was answered is shown whenever it is asked (hazard H-43)."""
        return self.is_early and self._may_be_folded

    @property
    def _may_be_folded(self) -> bool:
        """Nobody answered it, and nothing is wrong about it."""
        return not self.errors and not _is_answered(self.value)

    def option(self, name: str) -> Any:
        """Something else from the declaration, such as width; None: not declared."""
        return self.metadata.get(name)


def _is_answered(value: Any) -> bool:
    return any(value.values()) if isinstance(value, Mapping) else bool(value)


class Recovered:
    """What somebody had typed when their session ended, or what was prepared: shown on the page, but not sent.

    It brings back the number of the edit and the version it was made on too, so that what is sent then is the same
    edit, and a record that changed meanwhile is noticed.

    Args:
        fields: what is shown, by name.
        says: what the page says of it, in place of the sentence about a session that ended.
    """

    def __init__(self, fields: Mapping[str, list[str]], *, says: str | None = None) -> None:
        self._fields = fields
        self.says = says or "This is what you had typed before you were signed out. It is not saved yet:"

    def __contains__(self, name: object, /) -> bool:
        return name in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def getlist(self, name: str, /) -> list[str]:
        """Every value of a name, in the order typed."""
        return list(self._fields.get(name, ()))


class Form:
    """A schema, what a browser sent, and what was wrong with it; everything typed is shown again.

    Args:
        schema: the declaration.
        sent: None: nothing was sent, so the form is shown with its initial values; `Recovered`: with those.
        initial: stored values by field.
        base_version: the version of the record that the form shows, to be sent back with it; None: it has none.
        early: questions that are not asked yet, folded away until they are answered; one without which nothing can be
            kept is asked all the same.
    """

    def __init__(
        self,
        schema: Schema | type[Schema],
        sent: Sent | None = None,
        initial: Mapping[str, Any] | None = None,
        *,
        base_version: int | None = None,
        early: Collection[str] = (),
    ) -> None:
        self.schema = schema() if isinstance(schema, type) else schema
        if isinstance(sent, Recovered) and not self._concerns(sent):
            sent = None
        self.sent = sent
        self.errors: list[FormError] = []
        self._shown_version = base_version
        self._early = frozenset(early)
        self._fresh_edit_id = new_id()
        initial = initial or {}
        self.values: dict[str, Any] = {
            name: field.to_form(initial.get(name)) if sent is None else field.read_sent(sent, name)
            for name, field in self._fields()
        }

    def _fields(self) -> list[tuple[str, FormField]]:
        return [(name, field) for name, field in self.schema.fields.items() if isinstance(field, FormField)]

    def _concerns(self, recovered: Recovered) -> bool:
        """Whether it was typed into this form, where a page has several."""
        return any(one in recovered for name, field in self._fields() for one in field.input_names(name))

    # What the view asks

    @property
    def was_sent(self) -> bool:
        """Whether there is something to load."""
        return self.sent is not None and not self.was_recovered

    @property
    def was_recovered(self) -> bool:
        """Whether it shows what was typed before the session ended, so that the page must say that it is not saved."""
        return isinstance(self.sent, Recovered)

    @property
    def brings_file(self) -> bool:
        """Whether a browser must send it in parts."""
        return any(field.kind == "file" for _, field in self._fields())

    @property
    def recovered_words(self) -> str:
        """What the page says of what was recovered; empty: nothing was."""
        return self.sent.says if isinstance(self.sent, Recovered) else ""

    @property
    def is_refused(self) -> bool:
        """Whether the page must say so, first in its title."""
        return bool(self.errors)

    @property
    def action(self) -> str:
        """The button that was pressed, where a form has several."""
        return self._sent_text("action")

    @property
    def edit_id(self) -> UUID:
        """The number of this edit: the same form sent twice has one effect.

        Raises:
            RuleBroken: it was sent without one.
        """
        try:
            return parse_id(self._sent_text("edit_id"))
        except NotFound:
            raise RuleBroken("This form came without its number. Check it and send it again") from None

    @property
    def base_version(self) -> int:
        """The version of the record that the person saw while typing.

        Raises:
            RuleBroken: it was sent without one.
        """
        text = self._sent_text("base_version")
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise RuleBroken("This form does not say on which version it was made. Open the page again, then change it")
        return int(text)

    def load(self) -> dict[str, Any]:
        """The values, by field; an answer that was left blank is None.

        Raises:
            ValidationError: with a sentence for every field that cannot be taken.
        """
        if self.sent is None or self.was_recovered:
            raise ValueError("Nothing was sent, so there is nothing to load")
        self._check_arrived_whole(self.sent)
        loaded: dict[str, Any] = self.schema.load({name: self.values[name] for name, _ in self._fields()})
        return loaded

    def refuse(self, error: ValidationError | RuleBroken | RulesBroken) -> None:
        """Note what was wrong, in the order of the form; what concerns no field of it comes first."""
        if isinstance(error, ValidationError):
            found = list(self._read_messages(error.normalized_messages()))
        else:
            rules = error.errors if isinstance(error, RulesBroken) else [error]
            found = [self._place(rule.field, rule.message) for rule in rules]
        order = {name: number for number, (name, _) in enumerate(self._fields())}
        self.errors = sorted([*self.errors, *found], key=lambda one: order.get(one.field or "", -1))

    # What the template asks

    def field(self, name: str) -> ShownField:
        """One field with its value and what is wrong with it."""
        declared = self.schema.fields[name]
        if not isinstance(declared, FormField):
            raise TypeError(f"{name} is not declared as a form field")
        is_given_anew = declared.kind in ("password", "file")
        value = declared.to_form(None) if is_given_anew else self.values[name]
        return ShownField(
            name=name,
            kind=declared.kind,
            label=declared.metadata["label"],
            hint=declared.metadata["hint"],
            value=showable(value),
            errors=tuple(error for error in self.errors if error.field == name),
            metadata=declared.metadata,
            is_early=name in self._early and not declared.required,
        )

    @property
    def names(self) -> list[str]:
        """Every field in its order, for a form that simply shows them all."""
        return [name for name, _ in self._fields()]

    def error_for(self, name: str) -> str | None:
        """The sentence beside a field; None: nothing is wrong with it."""
        return self.field(name).error

    @property
    def shown_edit_id(self) -> str:
        """The number to send with the form: kept while it is refused, so that it stays one edit."""
        try:
            return str(self.edit_id)
        except RuleBroken:
            return str(self._fresh_edit_id)

    @property
    def shown_base_version(self) -> str:
        """The version to send back: the one the person saw, however often the form was refused; blank: none."""
        if self.sent is not None:
            return showable(self._sent_text("base_version"))
        return "" if self._shown_version is None else str(self._shown_version)

    # Within

    def _sent_text(self, name: str) -> str:
        return _first(self.sent.getlist(name)) if self.sent is not None else ""

    def _check_arrived_whole(self, sent: Sent) -> None:
        """Refuse a form with a part missing, twice, or unknown: loading the rest would drop what somebody typed."""
        messages: dict[str, Any] = {}
        known = set(HIDDEN_NAMES)
        for name, field in self._fields():
            inputs = field.input_names(name)
            known.update(inputs)
            if not field.has_many and any(len(sent.getlist(one)) > 1 for one in inputs):
                messages[name] = [f"This was sent twice. Give the {field.called} once"]
            elif field.is_always_sent and not all(one in sent for one in inputs):
                messages[name] = [f"This did not arrive. Check the {field.called} and send the form again"]
        if not known.issuperset(sent):
            messages["_schema"] = [
                "This form has a part that this page does not know. Open the page again and send the form from there"
            ]
        if messages:
            raise ValidationError(messages)

    def _read_messages(self, messages: Mapping[str, Any]) -> Iterable[FormError]:
        for name, found in messages.items():
            if isinstance(found, Mapping):
                for box, sentences in found.items():
                    yield self._place(f"{name}-{box}", _first(sentences))
            else:
                yield self._place(None if name == "_schema" else name, _first(found))

    def _place(self, name: str | None, sentence: str) -> FormError:
        """Find the box that a refusal concerns: "born_on" leads to its first box, "born_on-year" to that one."""
        for known, field in self._fields():
            if name == known:
                return FormError(known, sentence, field.first_box(known))
            if name in field.input_names(known):
                return FormError(known, sentence, name)
        return FormError(None, sentence, None)


def showable(value: Any) -> Any:
    """What was typed as a page can hold it: a null byte and its like cannot stand in HTML and are shown as a mark."""
    match value:
        case str():
            return _NOT_IN_HTML.sub("\ufffd", value)
        case dict():
            return {key: showable(part) for key, part in value.items()}
        case list():
            return [showable(part) for part in value]
        case _:
            return value


def answer_form(
    form: Form, do: Callable[[dict[str, Any]], Answer], show: Callable[[Form], str]
) -> Answer | str | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Show a form; when it was sent, do what it asks; when that is refused, show it again with everything typed.

    What came too often is answered 429, with when to try again (RFC 6585, section 4).

    Args:
        form: the form.
        do: what to do with the loaded values; its answer is the answer.
        show: the page with the form on it.
    """
    if not form.was_sent:
        return show(form)
    try:
        return do(form.load())
    except (ValidationError, RuleBroken, RulesBroken) as error:
        form.refuse(error)
        if isinstance(error, MustWait):
            return show(form), 429, {"Retry-After": str(error.seconds_left(clock.now()))}
        return show(form), 422
