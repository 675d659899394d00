"""The pictures of an audit's page: copies side by side, masks that disagree, masks to look at.

They show slices of a data set, so the page stays where the data are.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.audit.audit import Audit
from brainmtl.audit.masks import ISSUES
from brainmtl.audit.twins import laid, undone
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.picture import read_picture
from brainmtl.report.html import Card, data_uri
from brainmtl.report.names import value_name
from brainmtl.report.panels import SIDE, View, blank_figure, draw_card, draw_view, whole_window
from brainmtl.report.style import to_webp

SHOWN: Final = 12
"""Cards in a section."""
OF_A_KIND: Final = 3
STRIP: Final = 8
"""Slices of a series in a card, in two rows."""
AGREED: Final = 0.95
"""Masks with a better Dice look the same."""
KINDS: Final = {"bytes": "same file", "pixels": "same pixels", "near": "same slice"}
ISSUE_NAMES: Final = {
    "empty": "empty",
    "other_size": "another size",
    "tiny": "tiny",
    "many_lesions": "many pieces",
    "with_holes": "holes",
}


def copy_cards(audit: Audit) -> list[Card]:
    """Copies side by side, some of every kind and transform, those across splits first.

    Args:
        audit: from :func:`brainmtl.audit.audit.audit_set`.
    """
    ranked = audit.pairs.assign(rank=audit.pairs["kind"].map(list(KINDS).index))
    ordered = ranked.sort_values(["across_splits", "rank", "a", "b"], ascending=[False, True, True, True])
    few = ordered.groupby(["kind", "transform"], sort=False).head(OF_A_KIND).head(SHOWN)
    return [_pair_card(audit, row) for _, row in few.iterrows()]


def conflict_cards(audit: Audit) -> list[Card]:
    """Copies whose class or plane contradict one another, side by side.

    Args:
        audit: from :func:`brainmtl.audit.audit.audit_set`.
    """
    odd = audit.pairs[audit.pairs["conflict"] != ""].sort_values(["conflict", "a", "b"])
    return [_pair_card(audit, row) for _, row in odd.head(SHOWN).iterrows()]


def series_cards(audit: Audit) -> list[Card]:
    """The longest series that the split cuts through, eight slices of each in their order.

    Args:
        audit: from :func:`brainmtl.audit.audit.audit_set`.
    """
    slices = audit.table.set_index("id")
    members = audit.series.assign(split=audit.series["id"].map(slices["split"]))
    cut = members[members.groupby("series")["split"].transform("nunique") > 1]
    cards = []
    for name in cut["series"].value_counts(sort=True).index[:OF_A_KIND]:
        ids = cut[cut["series"] == name].sort_values(["position", "id"])["id"].to_list()
        some = [ids[at] for at in np.unique(np.linspace(0, len(ids) - 1, STRIP).round().astype(int))]
        rows = slices.loc[ids]
        splits = ", ".join(f"{split} {len(part)}" for split, part in rows.groupby("split"))
        drawn = _draw_strip([_view(slices.loc[id_]) for id_ in some])
        cards.append(
            _card(f"{len(ids)} slices", _label(rows.iloc[0]), splits, ids[0], drawn, "in their order")
        )
    return cards


def disagreement_cards(audit: Audit) -> list[Card]:
    """The copies whose masks agree least, below :data:`AGREED`: one slice with both masks.

    Args:
        audit: from :func:`brainmtl.audit.audit.audit_set`.
    """
    ranked = audit.pairs[audit.pairs["mask_dice"] < AGREED].sort_values(["mask_dice", "a", "b"])
    slices = audit.table.set_index("id")
    cards = []
    for _, row in ranked.head(SHOWN).iterrows():
        other = slices["mask"][row["b"]]
        said = f"Dice {row['mask_dice']:.3f}"
        title = _label(slices.loc[row["a"]])
        drawn = _over(slices.loc[row["a"]], other, undone(row["transform"]))
        cards.append(_card(KINDS[row["kind"]], title, said, f"{row['a']} · {row['b']}", drawn, "both masks"))
    return cards


def mask_cards(audit: Audit) -> list[Card]:
    """Some masks with every issue but grey values, which a picture does not show.

    Args:
        audit: from :func:`brainmtl.audit.audit.audit_set`.
    """
    slices = audit.table.set_index("id")
    cards = []
    for issue in (name for name in ISSUES if name in ISSUE_NAMES):
        by, rising = {"many_lesions": ("lesions", False), "with_holes": ("holes", False)}.get(
            issue, ("area_px", True)
        )
        ill = audit.masks[audit.masks[issue]].sort_values([by, "id"], ascending=[rising, True])
        for _, row in ill.head(OF_A_KIND).iterrows():
            slice_ = slices.loc[row["id"]]
            said = f"{row['area_px']:,} px; pieces {row['lesions']}, holes {row['holes']}"
            drawn = _over(slice_, None, "none")
            cards.append(_card(ISSUE_NAMES[issue], _label(slice_), said, row["id"], drawn, "its mask"))
    return cards


def suspect_cards(audit: Audit) -> list[Card]:
    """The slices whose label or mask is most suspicious, the witness's mask dashed; a pair of copies once.

    Args:
        audit: from :func:`brainmtl.audit.audit.audit_set`.
    """
    slices = audit.table.set_index("id")
    cards: list[Card] = []
    shown = set()
    for row in audit.suspects.to_dict("records"):
        both = (row["what"], frozenset((row["id"], row["witness"].removeprefix("copy "))))
        if both in shown or len(cards) == SHOWN:
            continue
        shown.add(both)
        given = value_name(row["given"]) if pd.notna(row["given"]) else "unlabelled"
        title = f"{given}: {value_name(row['seen'])}"
        drawn = _over(slices.loc[row["id"]], row["other_mask"], row["transform"])
        cards.append(
            _card(
                f"{row['what']}?",
                title,
                f"score {row['score']:.2f}",
                f"{row['id']} · {row['witness']}",
                drawn,
                "masks",
            )
        )
    return cards


def match_cards(audit: Audit) -> list[Card]:
    """The slices whose masks in the two sets agree least.

    Args:
        audit: matched with another set.
    """
    assert audit.matches is not None
    ranked = audit.matches[audit.matches["mask_dice"] < AGREED].sort_values(["mask_dice", "id"])
    slices = audit.table.set_index("id")
    return [
        _card(
            row["transform"] if row["transform"] != "none" else "as it is",
            _label(slices.loc[row["id"]]),
            f"Dice {row['mask_dice']:.3f}",
            f"{row['id']} · {row['other_id']}",
            _over(slices.loc[row["id"]], row["other_mask"], row["transform"]),
            "both masks",
        )
        for _, row in ranked.head(SHOWN).iterrows()
    ]


def _pair_card(audit: Audit, pair: "pd.Series[Any]") -> Card:
    slices = audit.table.set_index("id")
    sides = [slices.loc[pair[name]] for name in ("a", "b")]
    turn = "" if pair["transform"] == "none" else f", {pair['transform']}"
    words = [_label(side) for side in sides]
    title = words[0] if words[0] == words[1] else f"{words[0]} / {words[1]}"
    splits = " / ".join(dict.fromkeys(str(side["split"]) for side in sides))
    place = f"{KINDS[pair['kind']]}{turn}"
    return _card(
        place, title, splits, f"{pair['a']} · {pair['b']}", _draw_pair(*map(_view, sides)), "side by side"
    )


def _card(place: str, title: str, score: str, ids: str, drawn: bytes, shown: str) -> Card:
    alt = f"{ids}: {title}, {place}, {shown}; {score}."
    return Card(place, title, score, ids, alt, data_uri(drawn, "image/webp"))


def _label(slice_: "pd.Series[Any]") -> str:
    words = [value_name(str(slice_[name])) for name in ("label", "plane") if pd.notna(slice_[name])]
    return ", ".join(words) or "unlabelled"


def _view(slice_: "pd.Series[Any]") -> View:
    pixels = read_picture(Path(str(slice_["image"]))).pixels
    return View(pixels, _mask(slice_["mask"], "none", pixels.shape), None)


def _over(slice_: "pd.Series[Any]", other: Any, transform: str) -> bytes:
    """A slice with its own mask, and dashed the mask of another picture of it."""
    view = _view(slice_)
    return draw_card(View(view.pixels, view.truth, _mask(other, transform, view.pixels.shape)))


def _mask(path: Any, transform: str, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    return None if pd.isna(path) else laid(read_mask(Path(str(path))), transform, shape)


def _draw_pair(one: View, other: View) -> bytes:
    figure = blank_figure(2 * SIDE, SIDE)
    for left, view in ((0.0, one), (0.5, other)):
        draw_view(figure.add_axes((left, 0, 0.5, 1)), view, whole_window(view), line=0.9)
    return to_webp(figure)


def _draw_strip(views: list[View]) -> bytes:
    figure, columns = blank_figure(2 * SIDE, SIDE), STRIP // 2
    for number, view in enumerate(views):
        down, along = divmod(number, columns)
        axes = figure.add_axes((along / columns, 0.5 - down / 2, 1 / columns, 0.5))
        draw_view(axes, view, whole_window(view), line=0.7)
    return to_webp(figure)
