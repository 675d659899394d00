"""The plan of a sweep: a validated YAML file that names a recipe, and the values of some of its fields."""

import itertools
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationError, model_validator

from brainmtl.errors import InputError
from brainmtl.models.build import Part
from brainmtl.study.screen import MOST, screening_design
from brainmtl.training.recipe import LARGEST_SEED, SWEEP, YAML_ERRORS, load_yaml

Value = str | bool | int | float | None
Choices = Annotated[tuple[Value, ...], Field(min_length=1)]


class Span(Part):
    """A range that values are drawn from."""

    low: float
    high: float
    log: bool = False
    """Drawn evenly on a logarithmic scale."""
    whole: bool = False
    """Whole numbers only."""

    @model_validator(mode="after")
    def _has_room(self) -> "Span":
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError("low must be less than high, and above 0 on a logarithmic scale")
        return self


Source = Annotated[
    Annotated[Choices, Tag("values")] | Annotated[Span, Tag("range")],
    Discriminator(lambda given: "range" if isinstance(given, dict | Span) else "values"),
]
"""A list of values, or a range; told apart beforehand, so that an error speaks of the right one."""


class RandomPart(Part):
    """Values drawn at random."""

    trials: int = Field(ge=1)
    space: dict[str, Source] = Field(min_length=1)
    """Field of a recipe → the values, or the range, it is drawn from."""


Switch = Annotated[dict[str, tuple[Any, Any]], Field(min_length=1)]
"""Field of a recipe → its value where a factor is off, and where it is on."""


Metric = Annotated[str, Field(pattern=r"^[a-z]+\.[a-z0-9_]+$")]
"""``section.metric`` of ``metrics.json``."""


class Objective(Part):
    """What is compared; always on validation, for selection never sees a test part."""

    metric: Metric = "segmentation.dice"
    direction: Literal["maximize", "minimize"] = "maximize"


class Sweep(Part):
    """All of a sweep."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    description: str = ""
    recipe: str
    """The name of a shipped recipe, or a YAML file beside this one."""
    set: dict[str, Value] = Field(default_factory=dict)
    """Field of the recipe → its value in every trial."""
    grid: dict[str, Choices] | None = None
    """Field → its values; every combination is a trial."""
    random: RandomPart | None = None
    screen: Annotated[dict[str, Switch], Field(min_length=1, max_length=MOST)] | None = None
    """Factor → what it switches; the trials are a screening design, which tells their effects apart."""
    objective: Objective = Objective()
    also: tuple[Metric, ...] = ()
    """Metrics that are shown beside the objective."""
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    """Of the draw; a trial's own seed is its recipe's."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> "Sweep":
        if sum(kind is not None for kind in (self.grid, self.random, self.screen)) != 1:
            raise ValueError("a sweep has one of grid, random and screen")
        return self

    @model_validator(mode="after")
    def _switches_each_field_once(self) -> "Sweep":
        fields = [field for switch in (self.screen or {}).values() for field in switch]
        if twice := next((field for field in fields if fields.count(field) > 1), None):
            raise ValueError(f"{twice} is switched by two factors")
        return self


def read_sweep(source: str | Path) -> Sweep:
    """Read a sweep.

    Args:
        source: the name of a shipped sweep, or a YAML file.

    Raises:
        InputError: no such sweep, not YAML, or a field is unknown or out of range.
    """
    path = Path(source)
    shipped = files("brainmtl") / "recipes" / f"{source}.yaml"
    try:
        written = (path if path.is_file() else shipped).read_text(encoding="utf-8")
        _check_kind(written, source)
        return Sweep.model_validate(load_yaml(written))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("no such sweep", where=source, mend="see `brainmtl recipes`") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            first["msg"], where=source, field=field or None, mend="see docs/scope.md, Sweeps"
        ) from error
    except YAML_ERRORS as error:
        raise InputError(f"not YAML: {' '.join(str(error).split())}", where=source) from error


def points(sweep: Sweep) -> list[dict[str, Value]]:
    """The trials of a sweep, all fixed before the first begins.

    Args:
        sweep: any.

    Returns:
        One ``{field: value}`` a trial: a grid's combinations, the last field turning fastest; as many random
        draws as asked for, from the sweep's seed alone; or ``{factor: on}``, a screening design's.
    """
    if sweep.screen is not None:
        design = screening_design(len(sweep.screen)).tolist()
        return [dict(zip(sweep.screen, row, strict=True)) for row in design]
    if sweep.grid is not None:
        return [
            dict(zip(sweep.grid, values, strict=True)) for values in itertools.product(*sweep.grid.values())
        ]
    return _drawn(sweep)


def distributions(sweep: Sweep) -> dict[str, Any]:
    """The space of a sweep as Optuna's distributions.

    Args:
        sweep: any.

    Returns:
        ``{field: distribution}``.
    """
    if sweep.screen is not None:
        return {factor: _distribution((False, True)) for factor in sweep.screen}
    space: Mapping[str, Any] = sweep.grid if sweep.random is None else sweep.random.space  # type: ignore[assignment]
    return {field: _distribution(values) for field, values in space.items()}


def settings(sweep: Sweep, seed: int) -> list[tuple[str, ...]]:
    """What each of the :func:`points` changes in the recipe, as ``--set`` takes it.

    The trials of a screen have seeds of their own, so that what the effects leave tells of chance too.

    Args:
        sweep: any.
        seed: the recipe's.
    """
    if sweep.screen is None:
        return [overrides(point) for point in points(sweep)]
    return [
        overrides(
            {
                field: both[bool(point[factor])]
                for factor, switch in sweep.screen.items()
                for field, both in switch.items()
            }
            | {"seed": seed + number}
        )
        for number, point in enumerate(points(sweep))
    ]


def overrides(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Values as ``--set`` takes them.

    Args:
        values: ``{field: value}``.
    """
    return tuple(f"{field}={json.dumps(value)}" for field, value in values.items())


def _check_kind(written: str, source: str | Path) -> None:
    if not SWEEP.search(written):
        raise InputError(
            "has no grid, no random and no screen: not a sweep",
            where=source,
            mend="train a recipe with `brainmtl train`",
        )


def _distribution(values: Choices | Span) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(values, Span):
        return CategoricalDistribution(values)
    if values.whole:
        return IntDistribution(int(values.low), int(values.high), log=values.log)
    return FloatDistribution(values.low, values.high, log=values.log)


def _drawn(sweep: Sweep) -> list[dict[str, Value]]:
    import optuna

    assert sweep.random is not None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=sweep.seed))
    space = distributions(sweep)
    return [dict(study.ask(space).params) for _ in range(sweep.random.trials)]
