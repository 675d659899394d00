"""The command line: parse, call, print. Each verb imports what it needs when it is called."""

import sys

from brainmtl.cli import audit, data, learn, measure, serve, shelf, study, trial, use, whole  # noqa: F401  (each adds its verbs)
from brainmtl.cli.app import app
from brainmtl.cli.console import say
from brainmtl.errors import BrainmtlError


def main() -> None:
    """Run the command line; exit 0, 1, 2, 3 or 4 as docs/architecture.md says."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        app()
    except BrainmtlError as error:
        if debug:
            raise
        say(f"error: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("error: stopped")
        sys.exit(4)
    except ModuleNotFoundError as error:
        if debug or (error.name or "").startswith("brainmtl"):
            raise
        say(f"error: {error.name} is not installed (pip install 'brainmtl[train]')")
        sys.exit(2)
    except Exception as error:
        if debug:
            raise
        say(f"error: a fault of ours: {type(error).__name__}: {error} (run again with --debug and report it)")
        sys.exit(1)
