"""How pages are put together: ours fail on a name that is not there; the NHS components must not, and are kept apart.

The macros of nhsuk-frontend-jinja ask for options nobody gave, so their environment lets an undefined name pass. In
ours an undefined name is a mistake that would leave a hole in a clinical page, so it stops the page. One environment
cannot do both; ours gets the finished macros as functions: `nhs.radios({...})`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import BaseLoader, ChainableUndefined, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

#: What our own environment is made with; Flask chooses the loader and escapes in .html files.
PAGE_OPTIONS: Mapping[str, Any] = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}


class NHSComponents:
    """The NHS macros by name, as functions of one mapping of options; each is compiled once, when first used."""

    def __init__(self, loader: BaseLoader | None = None) -> None:
        # Their files end in .jinja, which Flask's choice by file name would leave unescaped: here it is always on.
        self._environment = Environment(
            loader=loader or PackageLoader("nhsuk_frontend_jinja"),
            undefined=ChainableUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def __getattr__(self, name: str) -> Callable[[Mapping[str, Any]], Markup]:
        if name.startswith("_"):
            raise AttributeError(name)
        folder = re.sub(r"(?<!^)([A-Z])", lambda match: f"-{match[1].lower()}", name)
        template = self._environment.get_template(f"nhsuk/components/{folder}/macro.jinja")
        macro: Callable[[Mapping[str, Any]], Markup] = getattr(template.module, name)
        setattr(self, name, macro)
        return macro


#: One for the process: they know nothing of the application.
NHS = NHSComponents()
