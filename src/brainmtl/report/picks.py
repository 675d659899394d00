"""Which slices a report shows, and what it writes beneath them."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from brainmtl.evaluation.scorecard import GOOD_DICE
from brainmtl.labels import HEALTHY, TUMOURS
from brainmtl.report.names import NBSP, value_name

UNPAINTED = "a tumour is named, none is painted"
PAINTED = "a tumour is painted, none is named"


@dataclass(frozen=True)
class Pick:
    """A slice to show.

    Attributes:
        place: why: ``best``, ``median``, ``worst``, ``failure``, or how class and mask contradict each other.
        row: of ``per_image.parquet``.
    """

    place: str
    row: "pd.Series[Any]"

    @property
    def called(self) -> str:
        """The called class with its probability; empty where none was called."""
        said = _text(self.row["predicted"])
        if said is None:
            return ""
        sure: Any = self.row.get(f"p_{said}")
        return f"{value_name(said)} {float(sure) * 100:.1f}{NBSP}%" if _known(sure) else value_name(said)

    @property
    def title(self) -> str:
        """The called class with its probability, and the true class where that was another one."""
        label, said = _text(self.row["label"]), _text(self.row["predicted"])
        if said is None or label in (None, said):
            return self.called or value_name(label or "unlabelled")
        return f"{self.called}, truly {value_name(label)}"

    @property
    def score(self) -> str:
        """Its Dice, or what was painted on a healthy slice; empty where no mask was scored."""
        dice, painted = self.row["dice"], self.row["predicted_px"]
        if _known(dice):
            return f"Dice {float(dice):.3f}"
        if _text(self.row["label"]) == HEALTHY and _known(painted):
            return f"false mask, {int(painted)} px" if painted else "no mask"
        return ""

    @property
    def why(self) -> str:
        """What is wrong with it; empty where nothing is."""
        row, wrong = self.row, []
        if _known(row["right"]) and not row["right"]:
            wrong.append("missed" if _known(row["miss"]) and row["miss"] else "wrong class")
        if _known(row["dice"]) and row["dice"] < GOOD_DICE:
            wrong.append("no mask" if row["predicted_px"] == 0 else "poor mask")
        if _text(row["label"]) == HEALTHY and _known(row["predicted_px"]) and row["predicted_px"] > 0:
            wrong.append("false mask")
        return ", ".join(wrong)


def extremes(slices: pd.DataFrame) -> dict[str, list[Pick]]:
    """Choose the best, the median and the worst slice of each tumour class, by Dice; by the true class's
    probability where no masks were predicted.

    Args:
        slices: ``per_image.parquet``.

    Returns:
        ``{class: picks}``; none where a class has no scored slice, fewer than three where it has fewer.
    """
    found: dict[str, list[Pick]] = {}
    for label in TUMOURS:
        part = slices[slices["label"] == label]
        by = "dice" if slices["dice"].notna().any() else f"p_{label}"
        ranked = part[part[by].notna()].sort_values([by, "id"], ascending=[False, True])
        places = {0: "best", (len(ranked) - 1) // 2: "median", len(ranked) - 1: "worst"}
        if len(ranked):
            found[label] = [Pick(place, ranked.iloc[number]) for number, place in sorted(places.items())]
    return found


def failures(slices: pd.DataFrame) -> list[Pick]:
    """List the slices with a wrong class, a Dice below one half or a mask on a healthy slice, worst first.

    Args:
        slices: ``per_image.parquet``.
    """
    picks = [pick for pick in (Pick("failure", row) for _, row in slices.iterrows()) if pick.why]
    return sorted(
        picks, key=lambda pick: (-pick.why.count(","), _rank(pick.row["dice"]), str(pick.row["id"]))
    )


def contradictions(slices: pd.DataFrame) -> list[Pick]:
    """List the slices whose class and mask contradict each other, those of the surest class first.

    Args:
        slices: ``per_image.parquet``.

    Returns:
        Picks whose place is :data:`UNPAINTED` or :data:`PAINTED`.
    """
    both = slices[slices["predicted"].notna() & slices["predicted_px"].notna()]
    healthy, clean = both["predicted"] == HEALTHY, both["predicted_px"] == 0
    odd = both[healthy != clean]
    picks = [Pick(PAINTED if row["predicted"] == HEALTHY else UNPAINTED, row) for _, row in odd.iterrows()]
    return sorted(picks, key=lambda pick: (-_sure(pick.row), str(pick.row["id"])))


def _sure(row: "pd.Series[Any]") -> float:
    share: Any = row.get(f"p_{row['predicted']}")
    return float(share) if _known(share) else 0.0


def _rank(dice: Any) -> float:
    return float(dice) if _known(dice) else 0.0


def _known(value: Any) -> bool:
    return bool(pd.notna(value))


def _text(value: Any) -> str | None:
    return str(value) if _known(value) else None
