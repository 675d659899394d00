"""The command line's one application, to which each verb adds itself."""

from typing import Annotated

import typer

import brainmtl

app = typer.Typer(
    name="brainmtl",
    help="Segment and classify brain tumours on MRI slices. Research use only; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(brainmtl.__version__)
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and end.")
]


@app.callback()
def _options(debug: Debug = False, version: Version = False) -> None:
    """Segment and classify brain tumours on MRI slices. Research use only; not a medical device."""
