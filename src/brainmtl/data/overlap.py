"""Which data sets show slices of one another."""

from collections.abc import Iterable
from typing import Final

KIN: Final = ("brisc", "figshare", "sartaj")
"""What the names of sets begin with that are made of the same slices: 4,473 of BRISC's are Figshare's, and
62 % of SARTAJ is in BRISC. Their ids do not tell."""


def may_overlap(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether a slice of some data sets may be in others.

    Args:
        some: sources of a manifest.
        others: those of another.
    """
    some, others = set(some), set(others)
    return bool(some & others) or all(any(map(_is_kin, names)) for names in (some, others))


def _is_kin(source: str) -> bool:
    return source.lower().startswith(KIN)
