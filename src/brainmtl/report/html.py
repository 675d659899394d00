"""What every page shares: templates that escape, pictures inside the page, files written whole."""

import base64
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from brainmtl.imaging.files import whole_file


@dataclass(frozen=True)
class Card:
    """A slice in the page."""

    place: str
    title: str
    score: str
    id: str
    alt: str
    image: str


def template(name: str) -> Template:
    """A template of ours; what it is given is text, never markup, and nothing may be missing.

    Args:
        name: its file under ``templates/``.
    """
    environment = Environment(
        loader=PackageLoader("brainmtl.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def data_uri(content: bytes, kind: str) -> str:
    """A picture as text that stands in a page.

    Args:
        content: of its file.
        kind: its media type, e.g. ``"image/webp"``.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Args:
        path: where to.
        content: what.

    Raises:
        InputError: it cannot be written.
    """
    with whole_file(path) as temporary:
        temporary.write_bytes(content)
