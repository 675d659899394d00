"""Plans of sweeps: the grid in full, draws from the seed alone, errors that name the field."""

import math

import pytest

from brainmtl.errors import InputError
from brainmtl.study.space import Span, Sweep, overrides, points, read_sweep, settings
from brainmtl.training.recipe import read_recipe, recipe_names, shipped_sweeps


def random_sweep(trials: int, seed: int = 0) -> Sweep:
    space = {
        "optimizer.lr": Span(low=1e-5, high=1e-1, log=True),
        "data.batch_size": Span(low=4, high=16, whole=True),
        "optimizer.name": ("adam", "sgd"),
    }
    return Sweep(name="draws", recipe="demo-joint", seed=seed, random={"trials": trials, "space": space})


def test_the_published_grid_is_twenty_runs_of_twenty_epochs_with_both_named_rates():
    sweep = read_sweep("portfolio2026-grid")
    trials = points(sweep)
    assert len(trials) == 20
    assert len({tuple(trial.values()) for trial in trials}) == 20
    assert {trial["optimizer.name"] for trial in trials} == {"adam", "sgd", "adamw", "rmsprop"}
    assert {5e-5, 1e-4} <= {trial["optimizer.lr"] for trial in trials}
    assert sweep.set == {"schedule.epochs": 20}


def test_a_sweep_is_no_recipe():
    assert "portfolio2026-grid" in shipped_sweeps()
    assert "portfolio2026-grid" not in recipe_names()
    assert "demo-joint" in recipe_names()
    with pytest.raises(InputError, match="brainmtl sweep"):
        read_recipe("portfolio2026-grid")


def test_draws_are_the_seed_s_alone():
    assert points(random_sweep(6)) == points(random_sweep(6))
    assert points(random_sweep(6)) != points(random_sweep(6, seed=1))


def test_more_trials_begin_with_the_fewer():
    assert points(random_sweep(9))[:4] == points(random_sweep(4))


def test_draws_stay_within_their_range_and_fill_a_logarithmic_one_evenly():
    trials = points(random_sweep(400))
    rates = [math.log10(trial["optimizer.lr"]) for trial in trials]
    assert -5 <= min(rates) < -4.8
    assert -1.2 < max(rates) <= -1
    assert sum(rate < -3 for rate in rates) / len(rates) == pytest.approx(0.5, abs=0.1)
    assert {trial["data.batch_size"] for trial in trials} == set(range(4, 17))


def test_values_are_written_as_the_command_line_takes_them(recipe_file):
    words = overrides({"optimizer.lr": 5e-5, "optimizer.name": "sgd", "schedule.ema": None})
    recipe = read_recipe(recipe_file, words)
    assert (recipe.optimizer.lr, recipe.optimizer.name, recipe.schedule.ema) == (5e-5, "sgd", None)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name: a\nrecipe: demo-joint\n", "no grid, no random and no screen"),
        (
            "name: a\nrecipe: r\ngrid: {a: [1]}\nrandom: {trials: 1, space: {a: [1]}}\n",
            "one of grid, random and screen",
        ),
        ("name: a\nrecipe: demo-joint\ngrid: {optimizer.lr: []}\n", "grid"),
        ("name: a\nrecipe: demo-joint\ngrid: {optimizer.lr: [1]}\nmetric: x\n", "metric"),
        ("name: a\nrecipe: r\nrandom: {trials: 2, space: {a: {low: 2, high: 1}}}\n", "low must be less"),
        ("name: a\nrecipe: r\nscreen: {x: {optimizer.lr: [1]}}\n", "screen.x.optimizer.lr"),
        ("name: a\nrecipe: r\nscreen: {x: {seed: [0, 1]}, y: {seed: [0, 2]}}\n", "seed is switched by two"),
        ("grid: [", "not YAML"),
    ],
)
def test_a_bad_plan_names_what_is_wrong(tmp_path, text, named):
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=named):
        read_sweep(path)


def test_a_plan_that_is_not_there_is_named():
    with pytest.raises(InputError, match="nowhere"):
        read_sweep("nowhere")


def test_a_factor_may_switch_several_fields_to_any_value(recipe_file):
    sweep = Sweep(
        name="screened",
        recipe="tiny",
        screen={
            "turned": {"augmentation.rotation": (0, 20), "augmentation.scale": ([1, 1], [0.8, 1.2])},
            "averaged": {"schedule.ema": (None, 0.9)},
        },
    )
    trials = points(sweep)
    assert len(trials) == 8
    assert trials[0] == {"turned": False, "averaged": False}
    for number, (point, changes) in enumerate(zip(trials, settings(sweep, 7), strict=True)):
        recipe = read_recipe(recipe_file, changes)
        assert recipe.seed == 7 + number
        assert recipe.augmentation.rotation == (20 if point["turned"] else 0)
        assert recipe.augmentation.scale == ((0.8, 1.2) if point["turned"] else (1, 1))
        assert recipe.schedule.ema == (0.9 if point["averaged"] else None)
