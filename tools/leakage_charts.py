"""The charts of leakage.md, from what ``brainmtl audit`` writes.

python tools/leakage_charts.py BRISC=audit-brisc SARTAJ=audit-sartaj
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from brainmtl.labels import CLASSES
from brainmtl.report.style import BLUE, LIGHT, SKY, VERMILION, one_axes, to_png

Records = Mapping[str, dict[str, Any]]
BROKEN = {"meningioma": "menin-\ngioma", "pituitary": "pitui-\ntary", "no_tumor": "no\ntumour"}


def main() -> None:
    """Draw both charts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audits", nargs="+", metavar="NAME=FOLDER", help="a set and its audit's folder")
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).parents[1] / "docs/images")
    chosen = parser.parse_args()
    pairs = (audit.split("=", 1) for audit in chosen.audits)
    records = {name: json.loads((Path(folder) / "audit.json").read_text()) for name, folder in pairs}
    for name, draw in (("leaked-slices", leaked_slices), ("leaked-scores", leaked_scores)):
        (chosen.out / f"{name}.png").write_bytes(to_png(draw(records)))


def leaked_slices(records: Records) -> Figure:
    """Share of the test slices of each class that are also in another split."""
    groups = ["all", *CLASSES]
    bars = {}
    for name, record in records.items():
        slices = record["labels_by_split"]["test"] | {"all": record["by_split"]["test"]}
        copied = record["copies"]["across"]["by_split"]["test"]
        bars[name] = [100 * copied.get(group, 0) / slices[group] for group in groups]
    figure = _bars(bars, [BROKEN.get(group, group) for group in groups], (BLUE, SKY))
    figure.axes[0].set_ylabel("test slices also in train, %")
    return figure


def leaked_scores(records: Records) -> Figure:
    """Accuracy of the nearest training thumbnail, on the official test and with groups kept apart."""
    sides = {"groups apart": "within", "official test": "across"}
    bars = {
        title: [
            100 * record["floors"][side]["nearest_neighbour_accuracy"]["value"] for record in records.values()
        ]
        for title, side in sides.items()
    }
    figure = _bars(bars, list(records), (SKY, VERMILION))
    figure.axes[0].set_ylabel("accuracy of the nearest thumbnail, %")
    return figure


def _bars(bars: Mapping[str, list[float]], ticks: list[str], colours: tuple[str, ...]) -> Figure:
    with one_axes(LIGHT) as (figure, axes):
        width = 0.8 / len(bars)
        for number, (name, heights) in enumerate(bars.items()):
            places = np.arange(len(ticks)) + (number - (len(bars) - 1) / 2) * width
            drawn = axes.bar(places, heights, width * 0.92, label=name, color=colours[number])
            axes.bar_label(drawn, fmt="%.0f", fontsize=7.5, color=LIGHT.soft)
        axes.set_xticks(np.arange(len(ticks)), ticks, fontsize=7.5)
        axes.grid(axis="x", visible=False)
        axes.set_ylim(0, 112)
        axes.set_yticks(range(0, 101, 20))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=len(bars))
        return figure


if __name__ == "__main__":
    main()
