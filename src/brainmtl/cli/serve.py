"""The verb that serves an API and a page."""

from pathlib import Path
from typing import Annotated

import typer

from brainmtl.cli.app import app
from brainmtl.cli.console import say
from brainmtl.errors import InputError, UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@app.command()
def serve(
    model: Annotated[
        list[Path] | None,
        typer.Option(
            "--model",
            help="A model package, an exported run folder, or a name of `models`; may be repeated.",
        ),
    ] = None,
    runs: Annotated[
        list[Path] | None,
        typer.Option(help="A run folder, or a folder of them, to explore; may be given several times."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8000,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name that a proxy calls it by, where it asks for no token; may be repeated."),
    ] = None,
    prefix: Annotated[str, typer.Option(help="Path under which a proxy shows the server.")] = "",
    token_file: Annotated[
        Path | None, typer.Option(help="A file with the token that clients must show; or BRAINMTL_TOKEN.")
    ] = None,
    origin: Annotated[
        list[str] | None, typer.Option(help="Another site whose pages may call the API (CORS).")
    ] = None,
    runtime: Annotated[str, typer.Option(help="What computes: cpu, cuda, coreml, or openvino.")] = "cpu",
    batch: Annotated[int, typer.Option(min=1, help="Slices that the network sees at once.")] = 8,
    wait_ms: Annotated[float, typer.Option(min=0, help="How long a slice waits for others.")] = 5,
    queue: Annotated[int, typer.Option(min=1, help="Requests inside at once; more are told to wait.")] = 2,
    time_out: Annotated[float, typer.Option(min=0.1, help="Seconds for a request.")] = 60,
    max_mb: Annotated[float, typer.Option(min=0.001, help="Of a request's body.")] = 256,
    max_pixels: Annotated[int, typer.Option(min=256, help="Of one slice.")] = 16_000_000,
    max_slices: Annotated[int, typer.Option(min=1, help="In a request.")] = 1024,
    memory: Annotated[
        Path | None, typer.Option(help="A folder in memory for uploads; /dev/shm by itself.")
    ] = None,
) -> None:
    """Serve an API and a page that reads slices and scans and shows run folders. Offline; research use only.

    Uploads stay in memory. SIGTERM lets requests that have begun come to their end.

    Example: brainmtl serve --model base.onnx --port 8000
    """
    import brainmtl
    from brainmtl.inference.shelf import DEFAULT, shelved
    from brainmtl.server.app import create_app
    from brainmtl.server.runs import find_runs
    from brainmtl.server.serve import serve as listen
    from brainmtl.server.settings import Settings

    token = _token(token_file)
    settings = Settings(
        token=token,
        hosts=(*LOOPBACK, *(one.lower() for one in name or ())) if host in LOOPBACK and token is None else (),
        origins=tuple(origin or ()),
        prefix=_prefix(prefix),
        memory=memory,
        batch=batch,
        wait_ms=wait_ms,
        queue=queue,
        time_out_s=time_out,
        max_bytes=int(max_mb * 2**20),
        max_pixels=max_pixels,
        max_slices=max_slices,
    )
    named = model or [Path(DEFAULT)] * (DEFAULT in shelved())
    packages = [brainmtl.load(one, runtime) for one in named]
    served = create_app(packages, settings, find_runs(runs or []))
    if host not in LOOPBACK and settings.token is None:
        say(f"warning: whoever reaches {host} may use it: no token is set")
    if not listen(
        served, host, port, settings.prefix, lambda address: say(f"serving on {address} (Ctrl-C ends it)")
    ):
        raise UsageError(f"cannot listen on {host}:{port}", field="--port", mend="choose another port, or 0")


def _token(file: Path | None) -> str | None:
    import os

    if file is None:
        return os.environ.get("BRAINMTL_TOKEN") or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the token cannot be read", where=file, mend="name a text file") from error
    if not token:
        raise InputError(
            "holds no token", where=file, mend="write one into it, e.g. of `openssl rand -hex 32`"
        )
    return token


def _prefix(text: str) -> str:
    prefix = text.rstrip("/")
    if prefix and (not prefix.startswith("/") or any(letter in prefix for letter in "?#% ")):
        raise UsageError(f"--prefix {text}", mend="a path, e.g. /brainmtl")
    return prefix
