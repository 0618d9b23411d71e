"""Identifiers of SNOMED CT concepts: 6 to 18 digits, of which the last checks the others.

The register holds the codes that the standards name, each beside the answer it stands for, and takes others as they
were typed or sent. It knows no release of the terminology: whether a well-formed code means anything is not checked
here, and a code is never shown without the words it came with.

Source: SNOMED International, Technical Implementation Guide, SCTID (partition identifier, Verhoeff check digit).
"""

from __future__ import annotations

import re
from typing import Final

from epaccs.core.errors import RuleBroken

_SHAPE: Final = re.compile(r"[1-9][0-9]{5,17}")
#: The two digits before the last one: 00 a concept of the international edition, 10 of a national one.
_CONCEPTS: Final = ("00", "10")

# Verhoeff's scheme: multiplication in the dihedral group of order ten, and the powers of one permutation.
_PRODUCT: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_SWAP: Final = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def is_concept_code(text: str) -> bool:
    """Whether it is well formed: length, partition and check digit; not whether the concept exists."""
    return bool(_SHAPE.fullmatch(text)) and text[-3:-1] in _CONCEPTS and _checksum(text) == 0


def parse_concept_code(text: str, *, field_label: str) -> str:
    """Read the code of a concept, in any spacing.

    Raises:
        RuleBroken: it has letters, a wrong length, or a mistyped digit, or names no concept (but a description).
    """
    code = "".join(text.split())
    if is_concept_code(code):
        return code
    if not _SHAPE.fullmatch(code):
        raise RuleBroken(f"Enter the {field_label} as 6 to 18 digits, or leave it blank")
    raise RuleBroken(f"Check the {field_label}: one of its digits is wrong, or it is not the code of a concept")


def _checksum(digits: str) -> int:
    """0 when the last digit fits the others."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        permuted = int(digit)
        for _ in range(place % 8):
            permuted = _SWAP[permuted]
        total = _PRODUCT[total][permuted]
    return total
