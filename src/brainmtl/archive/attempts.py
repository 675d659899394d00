"""How often a partition was begun and never ended, and which input its workers died of."""

from collections import Counter
from pathlib import Path
from typing import Final

from brainmtl.errors import InputError

BEGUN: Final = "begun"
PATIENCE: Final = 4
"""Deaths that are put down to chance; then inputs go one by one, each noted before it is read."""
BLAME: Final = 2
"""Deaths on one noted input after which it is not read again."""


class Attempts:
    """The notes on one partition: a small file that is there only while it is unfinished.

    Args:
        path: of the file.

    Attributes:
        careful: whether inputs go one by one, so that a death has one that it can be put down to.

    Raises:
        InputError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text().split() if path.exists() else []
        self.careful = lines.count(BEGUN) >= PATIENCE
        self._deaths = Counter(
            line for line, after in zip(lines, [*lines[1:], BEGUN], strict=False) if after == BEGUN != line
        )
        self._note(BEGUN)

    def deadly(self, input: int) -> bool:
        """Note that an input is read next, and tell whether it is better not to."""
        self._note(str(input))
        return self._deaths[str(input)] >= BLAME

    def ended(self) -> None:
        """The partition is written."""
        self.path.unlink(missing_ok=True)

    def _note(self, what: str) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(f"{what}\n")
        except OSError as error:
            raise InputError(
                f"cannot be written: {error.strerror}",
                where=self.path,
                mend="choose a folder you may write to",
            ) from error
