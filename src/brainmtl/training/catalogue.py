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
        counts = parameter_counts(network)
        statistics = sum(
            value.numel()
            for key, value in network.named_buffers()
            if key.endswith(("running_mean", "running_var"))
        )
        found.append(
            {
                "name": name,
                "task": recipe.network.task,
                **counts,
                "parameters_keras": counts["parameters"] + statistics,
                "published": dict(recipe.published),
            }
        )
    return found
