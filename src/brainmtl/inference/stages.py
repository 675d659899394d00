"""What a network is made of, as its package tells."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Stage(BaseModel):
    """A part of a network, in the order in which a slice goes through.

    Attributes:
        name: of an encoder's stage as recipes name it, ``up1`` … of the decoder, ``mask`` or ``classes``.
        room: where it stands.
        shape: of what it gives, without the batch: ``(C, H, W)``, or ``(C,)``.
        parameters: it holds.
        macs: multiplications with a weight that one slice costs.
        takes: the encoder's stage whose features it takes up besides (a skip).
        attention: whether a gate lets them through.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    room: Literal["encoder", "decoder", "mask", "classes"]
    shape: tuple[int, ...]
    parameters: int = Field(ge=0)
    macs: int = Field(ge=0)
    takes: str | None = None
    attention: bool = False
