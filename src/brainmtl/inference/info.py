"""What a model package says of itself: its metadata, and the names of what goes in and comes out."""

import json
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import brainmtl
from brainmtl.errors import InputError
from brainmtl.imaging.square import Fit
from brainmtl.inference.certainty import Certainty
from brainmtl.inference.stages import Stage
from brainmtl.labels import CLASSES, ClassName

KEY: Final = "brainmtl"
"""The entry of the ONNX file's ``metadata_props`` that holds :class:`PackageInfo` as JSON."""
FORMAT_VERSION: Final = 1
IMAGE: Final = "image"
MASK: Final = "mask_probability"
CLASS: Final = "class_probability"
FEATURES: Final = "features"
NOTE: Final = "Research use only; not a medical device."

OutputName = Literal["mask_probability", "class_probability", "features"]
OUTPUTS: Final[dict[str, tuple[OutputName, ...]]] = {
    "segmentation": (MASK,),
    "classification": (CLASS,),
    "joint": (MASK, CLASS),
}
"""Task → answers of the graph: ``(B, 1, S, S)`` and ``(B, 4)``, sigmoid and softmax inside. After them may
come ``features``, ``(B, D)``: what the encoder saw. Its one input is ``image``, float32 ``(B, C, S, S)`` in
[0, 1], B free."""
EXPORT = "make it with `brainmtl export RUN`"


class Provenance(BaseModel):
    """Where a model comes from.

    Attributes:
        sources: the data sets it has learnt from; ``None`` in older packages, which do not say.
        protocol: which of their slices were for training, validation and test; ``None`` likewise.
        fold: under a protocol with folds.
        leave_out: folders that were for nothing.
    """

    model_config = ConfigDict(frozen=True)

    brainmtl: str
    recipe: str
    manifest_sha256: str | None = None
    sources: tuple[str, ...] | None = None
    protocol: str | None = None
    fold: int = 0
    leave_out: tuple[str, ...] = ()
    weights_sha256: str | None = None
    created: str
    attribution: str = ""
    note: str = NOTE


class StorageCost(BaseModel):
    """What storing a model in fewer bits costs it, measured on validation slices.

    Attributes:
        slices: it was measured on.
        dice: mean over slices with a tumour, at native resolution; ``None`` without a mask head.
        dice_fp32: the same in fp32.
        accuracy: of the class; ``None`` without a class head.
        accuracy_fp32: the same in fp32.
    """

    model_config = ConfigDict(frozen=True)

    slices: int = Field(ge=1)
    dice: float | None
    dice_fp32: float | None
    accuracy: float | None
    accuracy_fp32: float | None


class PackageInfo(BaseModel):
    """The metadata of a model package.

    Attributes:
        classes: what the columns of ``class_probability`` stand for.
        size: side of the square that the network sees, in pixels.
        fit: how a slice is made square.
        neighbours: slices before and after each that the network sees with it.
        mask_threshold: a pixel is tumour above this probability.
        temperature: class probabilities ``p`` become ``p^(1/temperature)``, normalised: the softmax of the
            logits divided by it.
        certainty: what slices held out taught of how sure the model is; ``None`` where nobody asked.
        storage: of the weights. ``"fp16"`` computes in float32 unless a runtime chooses less, ``"int8"`` in
            eight bits.
        storage_cost: what that costs; always known of int8.
        metrics: a summary of what was measured, if anything was.
        stages: what the network is made of; none in a package that does not tell.
        seal: hash of the file (:mod:`brainmtl.inference.seal`); ``None`` in a package that has none.
    """

    model_config = ConfigDict(frozen=True)

    format_version: Literal[1] = FORMAT_VERSION
    name: str
    task: Literal["segmentation", "classification", "joint"]
    classes: tuple[ClassName, ...] = CLASSES
    size: int = Field(ge=1)
    fit: Fit
    neighbours: int = Field(default=0, ge=0, le=3)
    mask_threshold: float = Field(default=0.5, gt=0, lt=1)
    temperature: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    certainty: Certainty | None = None
    inputs: tuple[Literal["image"]] = (IMAGE,)
    outputs: tuple[OutputName, ...]
    parameters: int = Field(ge=0)
    storage: Literal["fp32", "fp16", "int8"] = "fp32"
    storage_cost: StorageCost | None = None
    provenance: Provenance
    metrics: dict[str, Any] | None = None
    stages: tuple[Stage, ...] = ()
    seal: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")

    @property
    def channels(self) -> int:
        """Of the graph's input: the slices before, the slice, the slices after."""
        return 2 * self.neighbours + 1

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.outputs not in (OUTPUTS[self.task], (*OUTPUTS[self.task], FEATURES)):
            raise ValueError(f"a {self.task} network has the outputs {', '.join(OUTPUTS[self.task])}")
        if self.certainty and self.certainty.familiarity and FEATURES not in self.outputs:
            raise ValueError("familiarity needs the output features")
        if self.storage == "int8" and self.storage_cost is None:
            raise ValueError("int8 comes with its measured cost")
        if sorted(self.classes) != sorted(CLASSES):
            raise ValueError(f"classes are {', '.join(CLASSES)}, in any order")
        return self


def read_info(text: str | None, path: Path) -> PackageInfo:
    """Read the metadata of a package.

    Args:
        text: the entry :data:`KEY` of its ONNX file; ``None`` where there is none.
        path: the file, for the message.

    Raises:
        InputError: it is missing, damaged, or of another format version.
    """
    if text is None:
        raise InputError("an ONNX model without brainmtl's metadata", where=path, field=KEY, mend=EXPORT)
    try:
        tree = json.loads(text)
        version = tree["format_version"]
        if version != FORMAT_VERSION:
            raise InputError(
                f"format version {version}; brainmtl {brainmtl.__version__} reads {FORMAT_VERSION}",
                where=path,
                field="format_version",
                mend="install the brainmtl that made it, or export it again",
            )
        return PackageInfo.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or KEY
        raise InputError(first["msg"], where=path, field=field, mend="export it again") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("its metadata cannot be read", where=path, field=KEY, mend=EXPORT) from error
