"""A model card from a run's own records: what it misses first, then for whom and how far it holds."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from brainmtl.data.attribution import attribution
from brainmtl.evaluation.out_of_fold import PART as OUT_OF_FOLD
from brainmtl.evaluation.scorecard import GOOD_DICE
from brainmtl.imaging.files import file_sha256, whole_file
from brainmtl.inference.info import NOTE, PackageInfo
from brainmtl.inference.package import load_package
from brainmtl.labels import CLASSES
from brainmtl.report.claim import ANSWERS, TASKS
from brainmtl.report.folder import MEASURED_ON, Evaluation, Run, read_run
from brainmtl.report.names import metric_name, value_name
from brainmtl.report.results import data_tables, failure_table, interval_note, stratum_tables
from brainmtl.report.tables import Table, count, escape, measured, text, to_json, to_markdown

WEIGHTS: Final = "model.safetensors"
PACKAGE: Final = "model.onnx"
FOLDED: Final = 20
"""Names in a list, above which a page shows its head alone until it is asked for."""
Metrics = Sequence[tuple[str, str]]
ERRORS: Final = (
    ("classification", "miss_rate"),
    ("segmentation", "false_mask_rate"),
    ("classification", "accuracy"),
    ("joint", "both_right"),
    ("segmentation", "dice"),
    ("segmentation", "dice_median"),
    ("segmentation", "hd95_px"),
    ("segmentation", "lesion_sensitivity"),
    ("segmentation", "lesion_precision"),
)
"""What a card opens with, in its order."""
CALIBRATION: Final = (
    ("classification", "ece"),
    ("classification", "ece_adaptive"),
    ("classification", "brier"),
    ("classification", "nll"),
    ("classification", "aurc"),
    ("segmentation", "mask_ece"),
    ("segmentation", "mask_ece_uncertain"),
)
KINDS: Final = {
    "missed": ("classification", "Tumours called no tumour"),
    "false mask": ("segmentation", "Healthy slices with a mask"),
    "wrong class": ("classification", "Slices with another wrong class"),
    "no mask": ("segmentation", "Tumours without a mask"),
    "poor mask": ("segmentation", f"Tumours with a mask and a Dice below {GOOD_DICE:g}"),
}
"""What may be wrong with a slice, as a failure table says it; of which task, and what its list is called."""


def write_card(run: Path, out: Path, package: Path | None = None) -> Path:
    """Write the card of a run as Markdown.

    Args:
        run: a run folder, or a shared copy of one.
        out: where to.
        package: its model package; by default ``model.onnx`` in the run folder, where there is one.

    Returns:
        ``out``.

    Raises:
        InputError: not a run folder, a file of it or the package is damaged, or the card cannot be written.
    """
    beside = run / PACKAGE if (run / PACKAGE).is_file() else None
    content = model_card(read_run(run), package or beside)
    with whole_file(out) as temporary:
        temporary.write_text(content, encoding="utf-8")
    return out


def model_card(run: Run, package: Path | None = None) -> str:
    """The card of a run.

    Args:
        run: any; what it does not tell, the card says.
        package: its model package.
    """
    info = None if package is None else load_package(package).info
    sections = {
        "What it misses": _errors(run),
        "Failing slices": _failures(run),
        "For whom": _strata(run),
        "How sure it is": _calibration(run, info),
        "Leakage": _leakage(run),
        "Limits": _limits(run, info),
        "Where it comes from": _provenance(run, package, info),
        "Licence": [escape(_licence(run))],
        "To make it again": _commands(run, info),
    }
    body = "\n\n".join(
        f"## {title}\n\n" + "\n\n".join(part.strip() for part in parts)
        for title, parts in sections.items()
        if parts
    )
    return f"# {escape(run.name)}\n\n{_about(run)}\n\n**{NOTE}**\n\n{body}\n"


def _about(run: Run) -> str:
    encoder, size, reach = (
        run.setting(field) for field in ("network.encoder.name", "data.size", "data.neighbours")
    )
    said = [
        TASKS.get(run.task),
        f"encoder {encoder}" if encoder else None,
        f"{size}×{size} px" if size else None,
        f"seen with {reach} slices before it and after it" if reach else None,
        f"{run.network['parameters']:,} parameters" if "parameters" in run.network else None,
    ]
    sentence = ", ".join(part for part in said if part)
    return escape(f"{sentence[:1].upper()}{sentence[1:]}. Every line of this card is from the run's records.")


def _table(run: Run, chosen: Metrics) -> Table:
    rows = []
    for section, name in chosen:
        found = [(part.metrics.get(section) or {}).get(name) or {} for part in run.evaluations]
        if any(metric.get("value") is not None for metric in found):
            shown = metric_name(section, name)
            cells = [(measured(metric, shown.kind), count(metric.get("n"))) for metric in found]
            rows.append((text(shown.title), *(cell for pair in cells for cell in pair)))
    head = ("metric", *(name for part in run.evaluations for name in (part.part, "n")))
    return Table("card", "", head, tuple(rows), interval_note(run.evaluations))


def _errors(run: Run) -> list[str]:
    return [to_markdown(_table(run, ERRORS))] if run.evaluations else ["It has not been measured."]


def _failures(run: Run) -> list[str]:
    return [block for part in run.evaluations for block in _failures_of(run, part)]


def _failures_of(run: Run, part: Evaluation) -> Iterator[str]:
    rows = _failing_rows(run, part)
    if rows is None:
        yield f"On {part.part} they were not kept by name."
        return
    yield f"On {part.part}, {len(rows):,} in all; a slice may be in several lists."
    for kind, (task, title) in KINDS.items():
        named = [str(row["slice"]) for row in rows if kind in str(row["what is wrong"]).split(", ")]
        names = ", ".join(map(escape, named))
        if part.metrics.get(task) and len(named) > FOLDED:
            yield f"<details><summary><b>{title}: {len(named):,}.</b></summary>\n\n{names}\n\n</details>"
        elif part.metrics.get(task):
            yield f"**{title}: {len(named):,}.** {names}".strip()


def _failing_rows(run: Run, part: Evaluation) -> list[dict[str, Any]] | None:
    """From the slices themselves, or from the table that a report left of them."""
    table = failure_table(part)
    path = run.path / "tables" / f"{part.part}-failures.json"
    if table is not None:
        found: dict[str, Any] = json.loads(to_json(table))
    elif path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
    else:
        return None
    rows: list[dict[str, Any]] = found["rows"]
    return rows


def _strata(run: Run) -> list[str]:
    return [
        f"### {escape(table.title)}, {part.part}\n\n{to_markdown(table)}"
        for part in run.evaluations
        for table in stratum_tables(part)
    ]


def _calibration(run: Run, info: PackageInfo | None) -> list[str]:
    table = _table(run, CALIBRATION)
    return ([to_markdown(table)] if table.rows else []) + [_list(_promises(info))]


def _promises(info: PackageInfo | None) -> list[str]:
    """What the package says of its own certainty."""
    known = None if info is None else info.certainty
    if info is None or known is None:
        return ["No package at hand says how sure it is, so none promises anything."]
    said = []
    if known.slices:
        said.append(
            f"Learnt from, or verified on, {known.slices:,} {known.part} slices of {known.persons:,} persons "
            "or look-alikes."
        )
    if info.temperature != 1:
        said.append(f"Class probabilities are tempered, temperature {info.temperature:.3f}.")
    if known.class_sets is not None:
        said.append(f"Class sets hold the class of {known.class_sets.confidence:.0%} of slices, each class.")
    if known.abstention is not None:
        part = known.abstention
        said.append(
            f"It abstains below a probability of {part.least:.3f}; of {known.part} it answered "
            f"{part.answered:.1%}, of those {part.wrong:.1%} wrongly."
        )
    if known.margin is not None:
        said.append(
            f"Widened by {known.margin.share:.1%} of the slice's side, masks hold {known.margin.covered:.0%} "
            f"of the tumour for {known.margin.confidence:.0%} of persons."
        )
    return [*said, *known.notes]


def _leakage(run: Run) -> list[str]:
    asked = {19: "How slices were dealt", 20: "What no two parts share"}
    answers = {title: ANSWERS[number](run) for number, title in asked.items()}
    said = [f"{title}: {answer}." for title, answer in answers.items() if answer]
    said += [table.note for table in data_tables(run) if table.note]
    if any("leaked" in (part.metrics.get("strata") or {}) for part in run.evaluations):
        said.append("Test slices that are also in train are told apart above; the others are those to trust.")
    return [_list(said) if said else "The records say nothing of it."]


def _limits(run: Run, info: PackageInfo | None) -> list[str]:
    classes = run.setting("network.classifier.classes") or CLASSES
    named = ", ".join(value_name(name) for name in classes)
    sources = ", ".join(run.data.get("sources") or [])
    absent = [part for part in MEASURED_ON if part not in {one.part for one in run.evaluations}]
    said = [
        f"It can say {named}; whatever else a slice shows gets one of these names."
        if run.setting("network.classifier") is not None
        else None,
        f"All slices it learnt from, and was measured on, are of {sources}; other scanners and sites are "
        "untested."
        if sources
        else None,
        f"It has not been measured on {' nor on '.join(absent)}." if absent else None,
        None if run.status == "finished" else f"Its training is {run.status}.",
        None
        if info is None or (info.certainty is not None and info.certainty.abstention is not None)
        else "It answers every slice: it has learnt no certainty below which to abstain.",
    ]
    return [_list([line for line in said if line])]


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)


def _provenance(run: Run, package: Path | None, info: PackageInfo | None) -> list[str]:
    weights, data = run.path / WEIGHTS, run.data
    rows = {
        "recipe": run.recipe.get("name"),
        "protocol": data.get("protocol"),
        "slices": ANSWERS[35](run),
        "manifest, SHA-256 of its content": data.get("manifest_sha256"),
        "began with": ANSWERS[24](run),
        "kept": ANSWERS[26](run),
        "trained": " ".join(part for part in (run.date, _hours(run)) if part),
        "software": ANSWERS[23](run),
        f"SHA-256 of {WEIGHTS}": file_sha256(weights) if weights.is_file() else None,
    }
    if package is not None and info is not None:
        size = package.stat().st_size / 1e6
        rows[f"SHA-256 of {package.name}"] = f"{file_sha256(package)} ({info.storage}, {size:.1f} MB)"
        rows["weights it was made from"] = info.provenance.weights_sha256
    table = Table(
        "provenance", "", ("what", "value"), tuple((text(name), text(value)) for name, value in rows.items())
    )
    return [to_markdown(table)]


def _hours(run: Run) -> str:
    return f"in {run.result['hours']:.1f} h" if "hours" in run.result else ""


def _licence(run: Run) -> str:
    from importlib.metadata import metadata

    licence = metadata("brainmtl")["License-Expression"]
    encoder = run.setting("network.encoder.name") if run.setting("network.encoder.pretrained") else None
    named = attribution(run.data.get("sources") or [], encoder)
    return f"brainmtl and the models that come with it: {licence}. {named}".strip()


def _training(run: Run, end: str = "", options: str = "") -> list[str]:
    """The command of each leg, where the records of earlier ones lie beside the run's."""
    began, given = run.data.get("init_from"), run.data.get("encoder_weights")
    begin, earlier = f" --encoder-weights {given['file']}" if given else "", []
    if began:
        begin, before = f" --init-from runs/{began['run']}{end}", run.path.parent / began["run"]
        earlier = _training(read_run(before), end, options) if (before / "recipe.yaml").is_file() else []
    command = f"brainmtl train {run.name}/recipe.yaml -m manifest.parquet -o runs/{run.name}{end}"
    return [*earlier, command + begin + options]


def _folds(run: Run) -> list[str]:
    options = " --set data.protocol=patient-5fold --set data.fold=$k"
    return [
        "for k in 0 1 2 3 4; do",
        *(f"  {command}" for command in _training(run, "-fold-$k", options)),
        f"  brainmtl evaluate runs/{run.name}-fold-$k --part test",
        "done",
        f"brainmtl out-of-fold runs/{run.name} runs/{run.name}-fold-*",
    ]


def _commands(run: Run, info: PackageInfo | None) -> list[str]:
    """The command of each step."""
    sources = ", ".join(run.data.get("sources") or ["the data set"])
    parts = [part.part for part in reversed(run.evaluations)]
    lines = [
        f"brainmtl index DATA -o manifest.parquet   # {sources}",
        *_training(run),
        *(f"brainmtl evaluate runs/{run.name} --part {part}" for part in parts if part != OUT_OF_FOLD),
        *(_folds(run) if OUT_OF_FOLD in parts else ()),
        f"brainmtl export runs/{run.name}{'' if info is None else f' --storage {info.storage}'}",
        f"brainmtl card runs/{run.name}",
    ]
    said = [
        "```\n" + "\n".join(lines) + "\n```",
        "`recipe.yaml` lies in the run folder, and in its shared copy.",
    ]
    described = run.recipe.get("description")
    return said + ([f"The recipe says: {escape(str(described))}"] if described else [])
