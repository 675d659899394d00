"""The items of CLAIM 2024, each filled from a run's own records or left for its authors."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, Final

import yaml

from brainmtl.report.folder import Run
from brainmtl.report.names import METRICS, metric_name, value_name, write_metric
from brainmtl.report.tables import Table, count, text

BLANK: Final = "for the authors to fill in"
TASKS: Final = {
    "joint": "one network that segments a tumour and names its class",
    "segmentation": "a network that segments tumours",
    "classification": "a network that names a tumour's class",
}
PARTITIONS: Final = {
    "official": "the data set's own test split; a validation part of whole groups from its training split",
    "official-clean-train": "the data set's own; training lacks the slices that its test split shares",
    "official-whole": "the data set's own split; the whole training split trains, no validation part",
    "patient-5fold": "five folds of groups, one of them the test part; a validation part of whole groups",
    "folds": "folds drawn by `brainmtl crossval`; the fold is the validation part",
}
HEADLINES: Final = (
    ("segmentation", "dice"),
    ("segmentation", "false_mask_rate"),
    ("classification", "accuracy"),
    ("classification", "miss_rate"),
)
Answer = Callable[[Run], str | None]


def claim_table(run: Run) -> Table:
    """Every item with what the run's records say of it; blanks stay visible.

    Source: Tejani et al., Radiology: Artificial Intelligence 6:e240300 (2024).

    Args:
        run: any.
    """
    items = yaml.safe_load(files("brainmtl.report").joinpath("claim.yaml").read_text(encoding="utf-8"))
    rows = []
    for item in items:
        known = ANSWERS.get(item["number"])
        answer = known(run) if known is not None else None
        rows.append((count(item["number"]), text(item["part"]), text(item["asks"]), text(answer or BLANK)))
    filled = sum(row[-1].value != BLANK for row in rows)
    note = (
        f"{filled} of {len(rows)} items are filled from the run's records. Items after Tejani et al. 2024, "
        "in our words."
    )
    return Table("claim", "CLAIM 2024", ("item", "part", "asks for", "this run"), tuple(rows), note)


def _kind(run: Run) -> str | None:
    return f"Deep learning: {TASKS[run.task]}" if run.task in TASKS else None


def _sources(run: Run) -> str | None:
    sources = ", ".join(run.data.get("sources") or [])
    return f"{sources}; manifest with the SHA-256 {run.data['manifest_sha256']}" if sources else None


def _left_out(run: Run) -> str | None:
    if not run.data:
        return None
    folders = ", ".join(run.setting("data.leave_out") or [])
    return f"Left out by the recipe: {folders or 'nothing'}"


def _preprocessing(run: Run) -> str | None:
    size, fit = run.setting("data.size"), run.setting("data.fit")
    how = {"pad": "padded to a square", "stretch": "stretched to a square"}.get(str(fit))
    return f"Grey values 0 to 1; each slice {how} and resized to {size}×{size}" if size and how else None


def _missing(run: Run) -> str | None:
    if not run.task:
        return None
    return "A slice without a mask trains the class head alone, one without a class the decoder alone"


def _partitions(run: Run) -> str | None:
    return PARTITIONS.get(str(run.data.get("protocol")))


def _level(run: Run) -> str | None:
    protocol = str(run.data.get("protocol"))
    whole = "Persons where they are known, else groups of look-alikes"
    if protocol == "patient-5fold":
        return f"{whole}: all parts"
    if protocol in ("official", "official-clean-train"):
        return f"{whole}: training and validation. The test split is the data set's own, whatever it shares"
    return "None beyond the data set's own test split" if protocol == "official-whole" else None


def _test_size(run: Run) -> str | None:
    counts = (run.data.get("counts") or {}).get("test")
    if not counts:
        return None
    slices = sum(number for name, number in counts.items() if name != "masks")
    return f"{slices:,} slices; the data set's size decided"


def _network(run: Run) -> str | None:
    encoder, parameters = run.setting("network.encoder.name"), run.network.get("parameters")
    if not encoder or not parameters:
        return None
    return f"Encoder {encoder}; {parameters:,} parameters; recipe below, drawing under `brainmtl serve`"


def _software(run: Run) -> str | None:
    known = [
        f"{name} {run.environment[name]}"
        for name in ("brainmtl", "torch", "python")
        if name in run.environment
    ]
    return ", ".join(known) or None


def _start(run: Run) -> str | None:
    if not run.setting("network.encoder.name"):
        return None
    if began := run.data.get("init_from"):
        return f"Run {began['run']}, weights {began['weights_sha256']}"
    if given := run.data.get("encoder_weights"):
        return f"Encoder of {given['file']}, SHA-256 {given['sha256']}"
    pretrained = run.setting("network.encoder.pretrained")
    return "ImageNet encoder, or the run that it went on from" if pretrained else "At random"


def _training(run: Run) -> str | None:
    optimizer, schedule = run.setting("optimizer"), run.setting("schedule")
    if not optimizer or not schedule:
        return None
    return (
        f"{optimizer['name']}, rate {optimizer['lr']:g}; {schedule['name']}, {schedule['epochs']} epochs; "
        f"batches of {run.setting('data.batch_size')}; losses and augmentation in the recipe below"
    )


def _selection(run: Run) -> str | None:
    if "monitor" not in run.result:
        return None
    if run.result["monitor"] is None:
        return "The last epoch of a fixed schedule"
    return f"The epoch with the best {str(run.result['monitor']).replace('_', ' ')}"


def _metrics(run: Run) -> str | None:
    given = [
        metric_name(section, name).title
        for section in METRICS
        for name in METRICS[section]
        if any((part.metrics.get(section) or {}).get(name) for part in run.evaluations)
    ]
    return ", ".join(given) or None


def _uncertainty(run: Run) -> str | None:
    found: Mapping[str, Any] = next(
        (part.metrics["intervals"] for part in run.evaluations if part.metrics.get("intervals")), {}
    )
    if not found:
        return None
    drawn = "slices" if found["by"] == "slice" else "persons"
    samples = f"{found['resamples']:,} bootstrap samples of {drawn}"
    return f"{found['level']:.0%} intervals, {samples}; Wilson's for rates"


def _tried(name: str) -> Answer:
    return lambda run: f"See {name}.json" if (run.path / name / f"{name}.json").is_file() else None


def _internal(run: Run) -> str | None:
    return ", ".join(f"{part.part}: {_headline(part.metrics)}" for part in run.evaluations) or None


def _headline(metrics: Mapping[str, Any]) -> str:
    found = [
        f"{metric_name(section, name).title} {write_metric(metric, metric_name(section, name).kind)}"
        for section, name in HEADLINES
        if (metric := (metrics.get(section) or {}).get(name))
    ]
    return "; ".join(found)


def _numbers(run: Run) -> str | None:
    counts = run.data.get("counts") or {}
    said = [
        f"{part}: " + ", ".join(f"{number:,} {value_name(name)}" for name, number in numbers.items())
        for part, numbers in counts.items()
    ]
    return "; ".join(said) or None


def _failures(run: Run) -> str | None:
    return (
        "Every failing slice is listed above by name"
        if any(part.slices is not None for part in run.evaluations)
        else None
    )


def _protocol(run: Run) -> str | None:
    return "recipe.yaml in the run folder, printed below" if run.recipe else None


ANSWERS: Final[Mapping[int, Answer]] = {
    1: _kind,
    5: lambda run: "Retrospective, on published slices" if run.data else None,
    7: _sources,
    8: _left_out,
    9: _preprocessing,
    12: _missing,
    19: _partitions,
    20: _level,
    21: _test_size,
    22: _network,
    23: _software,
    24: _start,
    25: _training,
    26: _selection,
    28: _metrics,
    29: _uncertainty,
    30: _tried("robustness"),
    31: _tried("explanation"),
    32: _internal,
    35: _numbers,
    37: _internal,
    39: _failures,
    42: _protocol,
}
"""Item → what the records say; the others no record can know."""
