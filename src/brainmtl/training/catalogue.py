"""The recipes that ship with the package, with what their networks weigh."""

from typing import Any

from brainmtl.models.build import build_network, parameter_counts
from brainmtl.training.recipe import read_recipe, recipe_names


def list_recipes() -> list[dict[str, Any]]:
    """Describe every shipped recipe.

    Returns:
        One ``{name, task, parameters, trainable_parameters, parameters_keras, published}`` a recipe; Keras
        counts the running statistics of batch norm too.
    """
    found = []
    for name in recipe_names():
        recipe = read_recipe(name)
        network = build_network(recipe.network, pretrained=False)
        found.append(
            {
                "name": name,
                "task": recipe.network.task,
                **parameter_counts(network),
                "published": dict(recipe.published),
            }
        )
    return found
