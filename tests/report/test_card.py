"""A card says what the records say: misses first, failing slices by name, and no more than is known."""

import json
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from typer.main import get_command

from brainmtl.cli import app
from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256
from brainmtl.report.card import write_card
from brainmtl.report.page import write_report
from brainmtl.report.share import share_run

RESULTS = Path(__file__).parents[2] / "docs/results"


def written(run: Path, **options) -> str:
    return write_card(run, run.parent / "CARD.md", **options).read_text(encoding="utf-8")


def listed(card: str, title: str) -> list[set[str]]:
    """The slices of each list of this title, validation after test."""
    short = re.compile(rf"^\*\*{title}: ([\d,]+)\.\*\* ?(.*)$", re.MULTILINE)
    long = re.compile(
        rf"^<details><summary><b>{title}: ([\d,]+)\.</b></summary>\n\n(.*)\n\n</details>$", re.M
    )
    matches = sorted([*short.finditer(card), *long.finditer(card)], key=re.Match.start)
    lines = [match.groups() for match in matches]
    found = [{name.replace("\\", "") for name in names.split(", ")} if names else set() for _, names in lines]
    assert [int(number) for number, _ in lines] == [len(one) for one in found]
    return found


def test_failing_slices_are_named(make_run):
    run = make_run()
    card = written(run)
    parts = [
        pd.read_parquet(run / "evaluation" / part / "per_image.parquet") for part in ("test", "validation")
    ]
    wrong = [part["label"] != part["predicted"] for part in parts]
    missed = [(part["label"] != "no_tumor") & (part["predicted"] == "no_tumor") for part in parts]
    painted = [(part["label"] == "no_tumor") & (part["predicted_px"] > 0) for part in parts]
    empty = [(part["label"] != "no_tumor") & (part["predicted_px"] == 0) for part in parts]
    poor = [(part["dice"] < 0.5) & (part["predicted_px"] > 0) for part in parts]
    expected = {
        "Tumours called no tumour": missed,
        "Healthy slices with a mask": painted,
        "Slices with another wrong class": [w & ~m for w, m in zip(wrong, missed, strict=True)],
        "Tumours without a mask": empty,
        "Tumours with a mask and a Dice below 0.5": poor,
    }
    assert sum(chosen.sum() for kind in expected.values() for chosen in kind) > 10
    for title, chosen in expected.items():
        assert listed(card, title) == [
            set(part["id"][rows]) for part, rows in zip(parts, chosen, strict=True)
        ]


@pytest.mark.parametrize("title", ["Tumours called no tumour", "Tumours with a mask and a Dice below 0.5"])
def test_long_lists_are_folded(make_run, monkeypatch: pytest.MonkeyPatch, title):
    run = make_run()
    whole = written(run)
    monkeypatch.setattr("brainmtl.report.card.FOLDED", 0)
    folded = written(run)
    named = listed(whole, title)
    assert listed(folded, title) == named
    assert any(named)
    for one in named:
        assert (f"<summary><b>{title}: {len(one)}.</b>" in folded) == bool(one)
    assert "<details>" not in whole  # none is that long on phantoms


def test_a_shared_copy_has_the_same_card_and_no_path(make_run, tmp_path: Path):
    run = make_run()
    write_report(run)
    share_run(run, tmp_path / "shared" / run.name)
    one, other = written(run), written(tmp_path / "shared" / run.name)
    assert one == other
    assert str(tmp_path) not in one


def test_misses_come_first_and_with_their_interval(make_run):
    run = make_run()
    rows = [line for line in written(run).splitlines() if line.startswith("|")]
    metric = json.loads((run / "evaluation/test/metrics.json").read_text())["classification"]["miss_rate"]
    low, high = (f"{metric[end] * 100:.1f}" for end in ("low", "high"))
    assert rows[2].startswith(f"| Missed tumours | {metric['value'] * 100:.1f}\u00a0% ({low}–{high}) |")
    assert rows[3].startswith("| False masks |")


def test_what_a_run_has_not_it_does_not_list(make_run):
    bare = written(make_run("bare", task="segmentation", measured=("validation",), finished=False))
    assert "called no tumour" not in bare
    assert "wrong class" not in bare
    assert "It has not been measured on test." in bare
    assert "Its training is unfinished." in bare
    assert "It has not been measured.\n" in written(make_run("nothing", measured=()))
    with pytest.raises(InputError, match="not a run folder"):
        written(Path("nowhere"))


def test_files_data_and_origin(make_run, tmp_path: Path):
    run = make_run(sources=("brisc2025",))
    (run / "model.safetensors").write_bytes(b"weights")
    data = json.loads((run / "data.json").read_text())
    began = {"run": "first-leg", "weights_sha256": "ab" * 32}
    (run / "data.json").write_text(json.dumps(data | {"init_from": began}))
    card = written(run)
    assert f"| SHA-256 of model.safetensors | {file_sha256(run / 'model.safetensors')} |" in card
    assert data["manifest_sha256"] in card
    assert f"| began with | Run first-leg, weights {'ab' * 32} |" in card
    assert f"brainmtl train {run.name}/recipe.yaml -m manifest.parquet -o runs/{run.name} --init-from" in card
    given = {"file": "encoder.safetensors", "sha256": "cd" * 32}
    (run / "data.json").write_text(json.dumps(data | {"encoder_weights": given}))
    fresh = written(run)
    assert f"| began with | Encoder of encoder.safetensors, SHA-256 {'cd' * 32} |" in fresh
    assert "--encoder-weights encoder.safetensors\n" in fresh
    assert "Fateh et al., Scientific Data 13:361, 2026; CC BY 4.0" in card
    assert "Research use only; not a medical device." in card
    assert "BRISC's official test is not patient-disjoint" in card


def test_the_command_of_a_leg_stands_before_that_of_the_next(make_run):
    first, second = make_run("first"), make_run("second")
    data = json.loads((second / "data.json").read_text())
    began = {"run": "first", "weights_sha256": "ab" * 32}
    (second / "data.json").write_text(json.dumps(data | {"init_from": began}))

    def trained():
        return [line for line in written(second).splitlines() if line.startswith("brainmtl train ")]

    both = trained()
    assert [shlex.split(line)[2] for line in both] == ["first/recipe.yaml", "second/recipe.yaml"]
    assert both[1].endswith("-o runs/second --init-from runs/first")
    (first / "recipe.yaml").unlink()
    assert trained() == both[1:]


def test_what_the_package_promises(make_run, taught_package: Path):
    card = written(make_run(), package=taught_package)
    assert "Learnt from, or verified on, 200 validation slices of 150 persons or look-alikes." in card
    assert "Class sets hold the class of 99% of slices, each class." in card
    assert "It abstains below a probability of 0.400" in card
    assert "It answers every slice" not in card
    assert f"| SHA-256 of {taught_package.name} | {file_sha256(taught_package)} (fp32," in card


def test_its_commands_are_those_of_the_program(tmp_path: Path):
    """The program reads each line, but for a shell's loop, of a run with folds of its own."""
    card = write_card(RESULTS / "small", tmp_path / "CARD.md").read_text(encoding="utf-8")
    named = []
    for line in card.split("```")[-2].strip().splitlines():
        words = shlex.split(line.replace("$k", "0"), comments=True)
        if words[0] == "brainmtl":
            context = get_command(app).commands[words[1]].make_context(words[1], words[2:])
            assert context.params.get("part") in (None, "validation", "test")
            named.append(words[1])
    assert named[:2] == ["index", "train"]
    assert named[-5:] == ["train", "evaluate", "out-of-fold", "export", "card"]


def test_the_committed_card_is_that_of_the_committed_records(tmp_path: Path):
    cards = sorted(RESULTS.glob("*/CARD.md"))
    assert cards
    for card in cards:
        write_card(card.parent, tmp_path / "CARD.md")
        assert card.read_text(encoding="utf-8") == (tmp_path / "CARD.md").read_text(encoding="utf-8")
