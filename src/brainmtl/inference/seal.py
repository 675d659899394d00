"""A model package tells its own hash, so that one that is damaged is never run.

The metadata hold a field ``seal``: the SHA-256 of the whole file with zeros in the seal's place.
"""

import hashlib
from pathlib import Path
from typing import Final

from brainmtl.errors import InputError

OPEN: Final = "0" * 64
"""What stands in the seal's place before there is one."""


def seal(content: bytes) -> bytes:
    """Seal a package whose metadata hold :data:`OPEN`.

    Args:
        content: of its file.

    Returns:
        As many bytes, with the hash in the zeros' place.
    """
    return content.replace(_field(OPEN), _field(hashlib.sha256(content).hexdigest()))


def check_seal(content: bytes, told: str, path: Path) -> None:
    """Hold a package to its seal.

    Args:
        content: of its file.
        told: the seal in its metadata.
        path: the file, for the message.

    Raises:
        InputError: a byte of it is not what was sealed.
    """
    unsealed = content.replace(_field(told), _field(OPEN))
    if hashlib.sha256(unsealed).hexdigest() != told:
        raise InputError(
            "is damaged, or was changed after its export", where=path, mend="copy it, or export it, again"
        )


def _field(value: str) -> bytes:
    """The field as JSON writes it."""
    return f'"seal":"{value}"'.encode()
