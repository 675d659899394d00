"""How the data sets want to be named, and under which licence they are."""

from collections.abc import Iterable
from typing import Final

ATTRIBUTIONS: Final = {
    "brisc2025": "BRISC 2025 (Fateh et al., Scientific Data 13:361, 2026; CC BY 4.0)",
    "figshare2017": "Figshare (Cheng 2017, doi 10.6084/m9.figshare.1512427; CC BY 4.0)",
    "sartaj": "SARTAJ (Bhuvaji et al. 2020; MIT)",
    "phantom": "synthetic phantoms",
}
"""By the source of a manifest."""


def attribution(sources: Iterable[str], encoder: str | None = None) -> str:
    """What a network is made from, in a sentence or two.

    Args:
        sources: of the slices it was trained on.
        encoder: timm's name of the one whose pretrained weights it began with, if it did.
    """
    trained = " and ".join(ATTRIBUTIONS.get(source, source) for source in sources)
    parts = [f"Trained on {trained}."] if trained else []
    if encoder is not None:
        parts.append(f"Encoder initialised with timm's pretrained {encoder}.")
    return " ".join(parts)
