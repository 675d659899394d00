"""The recipes that ship with the package, with what their networks weigh and what is published of them."""

from itertools import starmap
from typing import Any

import torch

from brainmtl.evaluation.published import published_for
from brainmtl.models.build import build_network, parameter_counts
from brainmtl.training.recipe import read_recipe, recipe_names, shipped_sweeps


def list_recipes() -> list[dict[str, Any]]:
    """Describe every shipped recipe; its network is laid out, without weights or memory.

    Returns:
        One ``{name, task, description, parameters, trainable_parameters, parameters_keras, published}`` a
        recipe: those that train are those of the first phase, Keras counts the running statistics of batch
        norm too, and ``published`` is what :func:`~brainmtl.evaluation.published.published_for` says. Sweeps
        stand last; their parameters are null.
    """
    return [*map(_describe, recipe_names()), *starmap(_describe_sweep, shipped_sweeps().items())]


def _describe(name: str) -> dict[str, Any]:
    recipe = read_recipe(name)
    with torch.device("meta"):
        network = build_network(recipe.network, pretrained=False)
    return {
        "name": name,
        "task": recipe.network.task,
        "description": recipe.description,
        **parameter_counts(network),
        "published": published_for(name),
    }


def _describe_sweep(name: str, description: str) -> dict[str, Any]:
    counts = dict.fromkeys(("parameters", "trainable_parameters", "parameters_keras"))
    return {
        "name": name,
        "task": "sweep",
        "description": description,
        **counts,
        "published": published_for(name),
    }
