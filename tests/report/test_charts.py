"""Charts: what they draw, against the tables they draw it from."""

import io
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.calibration import calibration_curve

from brainmtl.report.charts import evaluation_charts, training_charts
from brainmtl.report.confusion import confusion_matrix
from brainmtl.report.curves import conflict_curve, loss_curves, rate_curve, score_curves, shows_conflict
from brainmtl.report.folder import read_run
from brainmtl.report.reliability import certainty, reliability_diagram
from brainmtl.report.spread import dice_by_class
from brainmtl.report.style import DARK, DPI, HEIGHT, LIGHT, WIDTH, to_png, to_svg


@pytest.fixture
def run(reported):
    return read_run(reported)


def lines(figure):
    return [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]


def drawn_texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_names_of_a_joint_run(run):
    assert [chart.name for chart in training_charts(run)] == ["loss", "scores", "learning-rate"]
    names = [chart.name for chart in evaluation_charts(run.evaluations[0])]
    assert names == ["test-confusion", "test-dice", "test-reliability", "test-risk-coverage"]
    test, validation = run.evaluations
    assert evaluation_charts(test, validation.slices)[-1].name == "test-set-sizes"


def test_charts_of_one_task(make_run):
    masks = read_run(make_run("a", task="segmentation", measured=("test",)))
    classes = read_run(make_run("b", task="classification", measured=("test",)))
    assert [chart.name for chart in evaluation_charts(masks.evaluations[0])] == ["test-dice"]
    names = [chart.name for chart in evaluation_charts(classes.evaluations[0])]
    assert names == ["test-confusion", "test-reliability", "test-risk-coverage"]
    assert [chart.title for chart in training_charts(masks)][1] == "Dice on validation"
    assert [chart.title for chart in training_charts(classes)][1] == "Accuracy on validation"


def test_no_epoch_no_curves(make_run):
    assert training_charts(read_run(make_run(epochs=0, finished=False, measured=()))) == []


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_files_can_be_read_and_are_the_same_each_time(run, theme):
    for chart in [*training_charts(run), *evaluation_charts(run.evaluations[0])]:
        svg = to_svg(chart.draw(theme))
        root = ElementTree.fromstring(svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert svg == to_svg(chart.draw(theme))
        written, drawn = to_png(chart.draw(theme)), io.BytesIO()
        chart.draw(theme).savefig(drawn, format="png", dpi=DPI)
        assert len(written) < 0.8 * len(drawn.getvalue())
        png = Image.open(io.BytesIO(written))
        assert png.size == (round(WIDTH * DPI), round(HEIGHT * DPI))
        off = np.abs(np.asarray(png.convert("RGB"), int) - np.asarray(Image.open(drawn))[..., :3])
        assert off.max() <= 10


def test_loss_curves_draw_the_log(run):
    drawn = lines(loss_curves(run.log, 10, LIGHT))
    columns = [
        f"{part}_{name}" for name in ("loss", "mask_loss", "class_loss") for part in ("train", "validation")
    ]
    assert len(drawn) == len(columns)
    for line, column in zip(drawn, columns, strict=True):
        assert line.get_ydata() == pytest.approx(run.log[column].to_numpy())
        assert (line.get_linestyle() == "--") == column.startswith("train")


def test_the_kept_epoch_is_marked_with_its_scores(run):
    figure = score_curves(run.log, 10, LIGHT)
    kept = run.log[run.log["epoch"] == 10].iloc[0]
    marks = [line for line in figure.axes[0].lines if list(line.get_xdata()) == [10, 10]]
    assert len(marks) == 1
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [f"Dice {kept['validation_dice']:.3f}", f"accuracy {kept['validation_accuracy']:.3f}"]


def test_without_a_kept_epoch_nothing_is_marked(run):
    figure = score_curves(run.log, None, LIGHT)
    assert drawn_texts(figure) == []
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Dice", "accuracy"]


def test_a_constant_rate_is_drawn_from_zero():
    log = pd.DataFrame({"epoch": [1, 2, 3], "lr": [1e-4] * 3})
    axes = rate_curve(log, None, LIGHT).axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] == 0
    assert rate_curve(log.assign(lr=[1e-5, 1e-3, 1e-6]), None, LIGHT).axes[0].get_yscale() == "log"


def test_the_conflict_is_drawn_about_zero_where_it_was_measured(run):
    log = pd.DataFrame({"epoch": [1, 2, 3], "train_gradient_cosine": [0.3, -0.2, 0.1]})
    axes = conflict_curve(log, 2, LIGHT).axes[0]
    assert lines(conflict_curve(log, 2, LIGHT))[0].get_ydata() == pytest.approx([0.3, -0.2, 0.1])
    assert axes.get_ylim()[0] == -axes.get_ylim()[1]
    assert not shows_conflict(run.log)
    assert "gradient-conflict" not in [chart.name for chart in training_charts(run)]
    measured = replace(run, log=run.log.assign(train_gradient_cosine=-0.25))
    assert "-0.250 on average" in training_charts(measured)[-1].alt


def test_one_epoch_can_be_seen():
    log = pd.DataFrame({"epoch": [1], "lr": [1e-4], "train_loss": [2.0], "validation_loss": [2.1]})
    markers = [line.get_marker() for line in loss_curves(log, 1, LIGHT).axes[0].lines[:2]]
    assert markers == ["o", "o"]


def test_the_confusion_matrix_writes_counts_and_row_shares():
    counts = np.array([[8, 2, 0, 0], [0, 5, 0, 0], [1, 0, 3, 0], [0, 0, 0, 0]])
    texts = drawn_texts(confusion_matrix(counts, LIGHT))
    assert [text for text in texts if "%" in text] == ["80.0 %", "20.0 %", "100.0 %", "25.0 %", "75.0 %"]
    assert [int(text) for text in texts if "%" not in text] == counts.ravel().tolist()


def test_dice_by_class_writes_each_mean(run):
    slices = run.evaluations[0].slices
    figure = dice_by_class(slices, LIGHT)
    means = slices.groupby("label")["dice"].mean()
    assert drawn_texts(figure) == [
        f"mean {means[name]:.3f}" for name in ("pituitary", "meningioma", "glioma")
    ]
    dots = sum(len(group.get_offsets()) for group in figure.axes[0].collections)
    assert dots == slices["dice"].notna().sum()


def test_reliability_agrees_with_scikit_learn(run):
    top, right, groups = certainty(run.evaluations[0].slices)
    figure = reliability_diagram(top, right, groups, 0.5, LIGHT)
    true, said = calibration_curve(right, top, n_bins=15)
    dots = np.asarray(figure.axes[0].collections[-1].get_offsets())
    assert dots[:, 0] == pytest.approx(said)
    assert dots[:, 1] == pytest.approx(true)
    numbers = [int(text) for text in drawn_texts(figure) if text.isdigit()]
    assert sum(numbers) == len(top)
    assert "ECE 0.500" in drawn_texts(figure)


def test_words_say_what_the_charts_show(run):
    said = {
        chart.name: chart.alt for chart in [*training_charts(run), *evaluation_charts(run.evaluations[0])]
    }
    assert "over 12 epochs" in said["loss"]
    assert "at epoch 10" in said["scores"]
    counts = run.evaluations[0].metrics["classification"]["confusion"]["value"]
    assert f"true glioma: {counts[0][0]} called glioma" in said["test-confusion"]
    dice = run.evaluations[0].metrics["strata"]["class"]["glioma"]["segmentation"]["dice"]["value"]
    assert f"glioma {dice:.3f}" in said["test-dice"]


def luminance(colour):
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_colours_stand_out_from_the_paper(theme):
    """WCAG 2.2: 4.5 for text; 3 for lines, which purple, a class that has no Dice, need not reach."""

    def contrast(colour):
        dark, light = sorted([luminance(colour), luminance(theme.paper)])
        return (light + 0.05) / (dark + 0.05)

    assert min(contrast(theme.ink), contrast(theme.soft)) >= 4.5
    assert min(contrast(colour) for colour in theme.series[:3]) >= 3
