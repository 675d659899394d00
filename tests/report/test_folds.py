"""A cross-validation on a page: its table says what its record holds, its charts every fold."""

import pandas as pd
import pytest

from brainmtl.report.folder import Run
from brainmtl.report.folds import fold_charts, fold_table, mean_and_sd
from brainmtl.report.style import LIGHT


def run_of(fold: int, task: str, path) -> Run:
    log = pd.DataFrame({"epoch": [1, 2]})
    for column in ("loss", "mask_loss", "class_loss"):
        log[f"train_{column}"] = [2.0 + fold, 1.0]
        log[f"validation_{column}"] = [3.0 + fold, 1.5]
    return Run(path / f"fold-{fold}", {}, "", {}, {}, {"task": task}, {}, log, ())


@pytest.mark.parametrize(
    ("mean", "sd", "kind", "said"),
    [
        (0.9599, 0.0069, "fine_share", "95.99 ± 0.69\u00a0%"),
        (0.4609, 0.0103, "ratio", "0.461 ± 0.010"),
        (0.5, None, "ratio", "0.500"),
        (None, None, "ratio", "–"),
    ],
)
def test_a_mean_and_its_sd_read_as_documents_print_them(mean, sd, kind, said):
    assert mean_and_sd(mean, sd, kind) == said


def test_the_table_has_each_part_and_the_slices_out_of_their_folds():
    metric = {"mean": 0.9, "sd": 0.01, "n": 5, "values": []}
    found = {
        "recipe": "tiny",
        "folds": 5,
        "by": "person",
        "parts": {
            "validation": {"segmentation": {"dice": metric}},
            "train": {"classification": {"accuracy": metric}},
        },
        "out_of_fold": {"segmentation": {"dice": {"value": 0.85, "n": 10}}, "classification": None},
    }
    assert fold_table(found).rows[0][2].text == "0.900 ± 0.010"
    table = fold_table(found, apart=True)
    assert table.head == ("metric", "train", "train SD", "validation", "validation SD", "out of fold")
    dice, accuracy = table.rows
    assert [cell.value for cell in dice[1:]] == [None, None, 0.9, 0.01, 0.85]
    assert [cell.text for cell in accuracy[1:3]] == ["90.0\u00a0%", "1.0\u00a0%"]


def test_a_joint_cross_validation_draws_its_components_too(tmp_path):
    charts = fold_charts([run_of(fold, "joint", tmp_path) for fold in range(3)])
    assert [chart.name for chart in charts] == ["folds-loss", "folds-class-loss", "folds-mask-loss"]
    axes = charts[0].draw(LIGHT).axes[0]
    assert len(axes.lines) == 2 * 3
    assert sorted(float(line.get_ydata()[0]) for line in axes.lines) == [2, 3, 3, 4, 4, 5]


def test_a_single_task_draws_its_loss_alone(tmp_path):
    charts = fold_charts([run_of(0, "classification", tmp_path)])
    assert [chart.name for chart in charts] == ["folds-loss"]
