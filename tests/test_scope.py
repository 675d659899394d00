"""docs/scope.md names what there is."""

import re
from pathlib import Path

import pytest

from brainmtl.evaluation.published import published_numbers
from brainmtl.training.recipe import recipe_names, shipped_sweeps

TEXT = (Path(__file__).parents[1] / "docs" / "scope.md").read_text(encoding="utf-8")


def test_every_published_system_is_in_it():
    for recipe in {number.recipe for number in published_numbers()} - {None}:
        assert f"`{recipe}`" in TEXT or f" {recipe} " in TEXT, recipe


def test_it_names_no_recipe_that_does_not_ship():
    named = set(re.findall(r"\b(?:jalal2025|portfolio2026|gil2025|ferreira2024|kotob2024)-[a-z0-9-]+", TEXT))
    assert named == {
        name for name in [*recipe_names(), *shipped_sweeps()] if re.match(r"[a-z]+20\d\d-", name)
    }


def test_every_verb_it_names_exists():
    from typer.main import get_command

    from brainmtl.cli import app

    verbs = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert set(re.findall(r"`brainmtl ([a-z]+)", TEXT)) <= verbs


def test_the_sweep_it_shows_is_one(tmp_path):
    from brainmtl.study.space import points, read_sweep

    (plan,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    path = tmp_path / "plan.yaml"
    path.write_text(plan)
    assert len(points(read_sweep(path))) == 4


@pytest.mark.parametrize(
    "document", sorted({number.document for number in published_numbers()} - {"elsewhere"})
)
def test_every_document_has_its_table(document):
    assert f"## {document} " in TEXT
