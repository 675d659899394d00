"""Put a model on the shelf that comes with brainmtl: python tools/shelve.py RUN NAME"""

import json
import sys
from pathlib import Path

from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256, whole_file
from brainmtl.inference.shelf import RECORD, SHIPPED
from brainmtl.report.card import write_card
from brainmtl.training.export import export_run

FOLDER = SHIPPED
LARGEST = {"base": 12_000_000, "small": 5_000_000}
"""Bytes of a package, by its name."""


def main(run: Path, name: str) -> None:
    """Export a run's network with weights of half precision, and write its card and its hash beside it."""
    if name not in LARGEST:
        raise InputError("no such place on the shelf", where=name, mend=" or ".join(LARGEST))
    package = FOLDER / f"{name}.onnx"
    with whole_file(package) as temporary:
        export_run(run, temporary, "fp16")
        if (size := temporary.stat().st_size) > LARGEST[name]:
            raise InputError(
                f"{size:,} bytes, more than {LARGEST[name]:,}", where=run, mend="ship a smaller one"
            )
    write_card(run, FOLDER / f"{name}.md", package)
    record = FOLDER / RECORD
    entries = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    entries[name] = {"sha256": file_sha256(package), "bytes": package.stat().st_size}
    with whole_file(record) as temporary:
        temporary.write_text(json.dumps(dict(sorted(entries.items())), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
