"""What can go wrong, told as what, where and how to mend it."""

from pathlib import Path


class BrainmtlError(Exception):
    """A failure with a message for the user and an exit code for the shell.

    Args:
        what: what is wrong, in one sentence.
        where: the file (or folder) it is in.
        field: the field, column or option concerned.
        mend: what the user can do about it.
    """

    exit_code = 1

    def __init__(
        self, what: str, *, where: str | Path | None = None, field: str | None = None, mend: str | None = None
    ) -> None:
        self.what, self.where, self.field, self.mend = what, where, field, mend
        place = ": ".join(str(part) for part in (where, field) if part is not None)
        super().__init__((f"{place}: " if place else "") + what + (f" ({mend})" if mend else ""))


class UsageError(BrainmtlError):
    """The command was called wrongly; exit code 2."""

    exit_code = 2


class InputError(BrainmtlError):
    """A file, field or value that was handed over cannot be used; exit code 3."""

    exit_code = 3


class InterruptedRun(BrainmtlError):
    """The work stopped half-way and can be resumed; exit code 4."""

    exit_code = 4
