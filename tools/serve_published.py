"""Write the published results that the page compares with: python tools/serve_published.py"""

import json
from pathlib import Path
from typing import Any

from brainmtl.evaluation.published import ELSEWHERE, published_numbers, read_published

FILE = Path(__file__).parents[1] / "src/brainmtl/server/published.json"
ON_BRISC = "BRISC 2025"
"""What every result from elsewhere was measured on."""


def rows() -> list[dict[str, Any]]:
    """A row a document, system and part: ``{document, year, dataset, system, part, values}``; values are
    ``{section.metric: {value, sd, n, at, metric}}`` of those that ours can be held beside."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    read = read_published()
    for number in published_numbers():
        system = number.recipe or number.system
        if number.kind != "results" or number.ours is None or number.value is None or system is None:
            continue
        document = read.elsewhere if number.document == ELSEWHERE else read.documents[number.document]
        part = number.part or "test"
        row = found.setdefault(
            (number.document, system, part),
            {
                "document": number.document,
                "year": document.year,
                "dataset": document.dataset or ON_BRISC,
                "system": system,
                "part": part,
                "values": {},
            },
        )
        told = {name: getattr(number, name) for name in ("value", "sd", "n", "at", "metric")}
        row["values"].setdefault(number.ours, told)
    return list(found.values())


if __name__ == "__main__":
    FILE.write_text(json.dumps(rows(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
