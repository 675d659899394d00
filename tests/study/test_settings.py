"""Each setting that a document prints stands in the recipes that rebuild its systems."""

from typing import Any

import pytest

from brainmtl.evaluation.published import published_numbers
from brainmtl.training.recipe import read_recipe, recipe_names

PREFIXES = {
    "bin-jalal-2025": "jalal2025",
    "portfolio-2026": "portfolio2026",
    "gil-cifuentes-2025": "gil2025",
    "ferreira-2024": "ferreira2024",
    "kotob-2024": "kotob2024",
}
OTHERWISE = {("gil2025-baseline", "augmentation.flip"), ("gil2025-baseline", "augmentation.mirror")}
"""Section 2.4 brings augmentation in after the baseline, to mend it."""
SETTINGS = [number for number in published_numbers() if number.kind == "settings" and number.field]


def value_of(recipe: str, field: str) -> Any:
    found: Any = read_recipe(recipe).model_dump(mode="json")
    for name in field.split("."):
        found = found[name]
    return found


@pytest.mark.parametrize("document", PREFIXES)
def test_the_recipes_hold_what_the_document_prints(document):
    recipes = [name for name in recipe_names() if name.startswith(PREFIXES[document])]
    assert recipes
    for number in SETTINGS:
        for recipe in recipes if number.document == document and number.recipe is None else []:
            if (recipe, number.field) not in OTHERWISE:
                assert value_of(recipe, str(number.field)) == number.value, (recipe, number.field)
