"""The slices of a part as JSON say what its Parquet says."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainmtl.evaluation.scorecard import score_slice
from brainmtl.evaluation.slice_list import COLUMNS, write_slice_list

TUMOUR = np.eye(8, dtype=bool)


@pytest.fixture
def rows() -> pd.DataFrame:
    known = score_slice(
        truth=TUMOUR,
        prediction=np.fliplr(TUMOUR) | TUMOUR,
        label="glioma",
        probabilities=[0.7, 0.1, 0.1, 0.1],
        mask_probabilities=TUMOUR.astype(float),
    )
    unknown = score_slice(truth=None, prediction=TUMOUR, label=None, probabilities=None)
    table = pd.DataFrame([known, unknown])
    return table.assign(id=["ä/1", "b"], label=["glioma", None], image="x.png", leaked=[True, False])


def test_it_holds_the_same_values_and_no_arrays(rows, tmp_path: Path):
    found = json.loads(write_slice_list(rows, tmp_path).read_text(encoding="utf-8"))
    assert list(found[0]) == [name for name in COLUMNS if name in rows]
    for row, expected in zip(found, rows.to_dict("records"), strict=True):
        for name, value in row.items():
            truth = expected[name]
            missing = truth is None or (isinstance(truth, float) and np.isnan(truth))
            assert value == (None if missing else pytest.approx(truth, abs=1e-6))
            assert not isinstance(value, list)
