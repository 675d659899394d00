"""The catalogue of recipes against the networks they build."""

import torch

from brainmtl.models.build import build_network
from brainmtl.training.catalogue import list_recipes
from brainmtl.training.recipe import read_recipe, recipe_names


def test_every_recipe_with_the_size_of_its_network():
    rows = list_recipes()
    assert [row["name"] for row in rows] == recipe_names()
    for row in rows:
        recipe = read_recipe(row["name"])
        state = build_network(recipe.network, pretrained=False).state_dict()
        counters = {name for name in state if name.endswith("num_batches_tracked")}
        statistics = {name for name in state if name.endswith(("running_mean", "running_var"))}
        sizes = {name: value.numel() for name, value in state.items() if name not in counters}
        assert row["parameters_keras"] == sum(sizes.values())
        assert row["parameters"] == sum(size for name, size in sizes.items() if name not in statistics)
        assert row["task"] == recipe.network.task
        assert row["published"] == recipe.published
        assert all(state[name].dtype == torch.float32 for name in sizes)
