"""Rows of predictions as a table: the contract of ``results.json``, typed, with each mask's own PNG."""

from collections.abc import Sequence
from types import NoneType
from typing import Any, Final, NamedTuple, get_args, get_origin, get_type_hints

import pyarrow as pa

from brainmtl.inference.result import ARRAYS, Result
from brainmtl.labels import CLASSES

PLACE: Final = ("partition", "input")
MASK: Final = "mask_png"


class Row(NamedTuple):
    """A row before it is one.

    Attributes:
        input: number of its input in the partition, from 0.
        result: what is said of it.
        mask: the PNG of its mask; ``None`` without one.
    """

    input: int
    result: Result
    mask: bytes | None


def to_table(partition: int, rows: Sequence[Row]) -> Any:
    """Put rows together.

    Args:
        partition: their number.
        rows: in order.

    Returns:
        A ``pyarrow.Table`` of :data:`SCHEMA`; what of a name is no Unicode is written as ``\\udcff``.
    """
    found = [
        {
            "partition": partition,
            "input": row.input,
            **{name: _text(value) for name, value in row.result.row().items()},
            MASK: row.mask,
        }
        for row in rows
    ]
    return pa.Table.from_pylist(found, schema=SCHEMA)


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    return [_text(one) for one in value] if isinstance(value, list | tuple) else value


def _type(hint: Any) -> Any:
    one, *_ = [part for part in get_args(hint) if part is not NoneType] or [hint]
    plain = one if NoneType in get_args(hint) else hint
    if get_origin(plain) is tuple:
        return pa.list_(pa.string())
    if get_origin(plain) is dict:
        return pa.struct([(name, pa.float64()) for name in CLASSES])
    return {int: pa.int64(), float: pa.float64()}.get(plain, pa.string())


def _schema() -> Any:
    hints = {name: hint for name, hint in get_type_hints(Result).items() if name not in ARRAYS}
    fields = [("class" if name == "class_name" else name, _type(hint)) for name, hint in hints.items()]
    return pa.schema([*((name, pa.int64()) for name in PLACE), *fields, (MASK, pa.binary())])


SCHEMA: Final = _schema()
