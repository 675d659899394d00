"""A model package as a MONAI bundle, which runs with MONAI and torch alone.

The layout and the keys are those of MONAI's bundle specification
(https://docs.monai.io/en/stable/mb_specification.html) and of its schema (:data:`SCHEMA`).
"""

import importlib.metadata
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from numpy.typing import NDArray
from torch import nn

from brainmtl.data.folder import whole_folder
from brainmtl.errors import BrainmtlError, InputError
from brainmtl.imaging.files import whole_file
from brainmtl.inference.info import CLASS, IMAGE, MASK, NOTE, PackageInfo
from brainmtl.inference.package import ModelPackage, load_package
from brainmtl.training.export import SAME_PIXELS, Probabilities, example_slices
from brainmtl.training.native import load_script, native_script
from brainmtl.training.run import load_network, write_json
from brainmtl.training.workflow import workflow

SCHEMA = "https://project-monai.github.io/schema/meta_schema_20240725.json"
TOLERANCE = 0.01
"""Largest difference of a class probability from the package's, which resamples with Pillow's rounding."""
MONAI, IGNITE = "1.6.1", "0.5.5"
"""The versions that its workflow was tried with."""
TASKS = {
    "segmentation": "Segmentation",
    "classification": "Classification",
    "joint": "Segmentation and classification",
}
COMMAND = (
    "python -m monai.bundle run --config_file configs/inference.json --dataset_dir SLICES --output_dir OUT"
)


def write_bundle(run: Path, package: Path, out: Path) -> Path:
    """Write the MONAI bundle of a run and of its model package.

    Args:
        run: a finished run folder.
        package: of :func:`~brainmtl.training.export.export_run` from that run; it becomes
            ``models/model.onnx``, beside ``models/model.ts``.
        out: a folder that does not exist or is empty.

    Returns:
        ``out``.

    Raises:
        InputError: the folder holds something, or cannot be made.
        BrainmtlError: the bundle does not say what the package says; nothing is kept.
    """
    check_free(out)
    ready = load_package(package)
    content = native_script(Probabilities(load_network(run)).eval(), ready.info)
    check_native(load_script(content), ready, example_slices(run, ready.info.size))
    licence = importlib.metadata.distribution("brainmtl").read_text("licenses/LICENSE") or ""
    with whole_folder(out, "choose a folder you may write to, on a disk with room") as folder:
        write_json(folder / "configs" / "metadata.json", metadata(ready.info))
        write_json(folder / "configs" / "inference.json", workflow(ready.info))
        for name, text in (("LICENSE", licence), ("docs/README.md", readme(ready.info))):
            with whole_file(folder / name) as file:
                file.write_text(text, encoding="utf-8")
        with whole_file(folder / "models" / "model.ts") as file:
            file.write_bytes(content)
        shutil.copyfile(package, folder / "models" / "model.onnx")
    return out


def check_free(out: Path) -> None:
    """Make sure that a folder can become a bundle.

    Raises:
        InputError: something lies there.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("is not empty", where=out, mend="name a new folder for the bundle")


def check_native(script: nn.Module, package: ModelPackage, slices: Sequence[NDArray[np.uint8]]) -> None:
    """Hold a bundle's TorchScript to the package: on slices as they are, resampling and all.

    Args:
        script: of :func:`~brainmtl.training.native.native_script`.
        package: of the same network.
        slices: uint8 ``(H, W)``, of any shapes.

    Raises:
        BrainmtlError: a class probability differs by more than :data:`TOLERANCE`, or too many mask pixels do.
    """
    for pixels in slices:
        expected = package.predict(pixels)
        with torch.inference_mode():
            said = script(torch.from_numpy(pixels.copy())[None, None].float())
        if expected.probabilities is not None:
            chances = [expected.probabilities[name] for name in package.info.classes]
            difference = float(np.abs(said[CLASS][0].numpy() - chances).max())
            if not difference <= TOLERANCE:
                raise _unlike(f"{CLASS} differs by {difference:.2g}")
        if expected.mask_pixels is not None:
            mask = said[MASK][0, 0].numpy() > package.info.mask_threshold
            same = float((mask == expected.mask_pixels).mean())
            if same < SAME_PIXELS:
                raise _unlike(f"{1 - same:.4%} of the mask pixels differ")


def _unlike(how: str) -> BrainmtlError:
    return BrainmtlError(
        f"the bundle does not say what the package says: {how}", mend="nothing was kept; please report it"
    )


def metadata(info: PackageInfo) -> dict[str, Any]:
    """What ``configs/metadata.json`` says."""
    return {
        "schema": SCHEMA,
        "version": info.provenance.brainmtl,
        "changelog": {info.provenance.brainmtl: f"exported {info.provenance.created}"},
        "monai_version": MONAI,
        "pytorch_version": torch.__version__.partition("+")[0],
        "numpy_version": np.__version__,
        "required_packages_version": {"pytorch-ignite": IGNITE, "pillow": PIL.__version__},
        "supported_apps": {},
        "name": info.name,
        "task": f"{TASKS[info.task]} of brain tumours on MRI slices",
        "description": f"{info.parameters:,} parameters; sees {info.size}×{info.size} pixels. {NOTE}",
        "authors": f"Exported by brainmtl {info.provenance.brainmtl}, recipe {info.provenance.recipe}",
        "copyright": "Of the weights: those who trained them. Of the code: the brainmtl authors (Apache-2.0)",
        "data_source": info.provenance.attribution,
        "data_type": "8-bit pictures",
        "image_classes": "one grey channel, 0 to 255, of any height and width",
        "pred_classes": f"{MASK}: of tumour, at the slice's own size; {CLASS}: {', '.join(info.classes)}",
        "eval_metrics": info.metrics or {},
        "intended_use": NOTE,
        "network_data_format": {"inputs": {IMAGE: _IMAGE}, "outputs": _outputs(info)},
    }


_IMAGE: dict[str, Any] = {
    "type": "image",
    "format": "magnitude",
    "modality": "MR",
    "num_channels": 1,
    "spatial_shape": ["*", "*"],
    "dtype": "float32",
    "value_range": [0, 255],
    "is_patch_data": False,
    "channel_def": {"0": "grey value"},
}


def _outputs(info: PackageInfo) -> dict[str, Any]:
    chance = {"dtype": "float32", "value_range": [0, 1], "is_patch_data": False}
    found: dict[str, Any] = {}
    if MASK in info.outputs:
        about = {
            "num_channels": 1,
            "spatial_shape": ["*", "*"],
            "channel_def": {"0": "probability of tumour"},
        }
        found[MASK] = {"type": "image", "format": "segmentation", **chance, **about}
    if CLASS in info.outputs:
        names = {str(code): name for code, name in enumerate(info.classes)}
        about = {"num_channels": len(names), "spatial_shape": [], "channel_def": names}
        found[CLASS] = {"type": "probabilities", "format": "classes", **chance, **about}
    return found


def readme(info: PackageInfo) -> str:
    """What ``docs/README.md`` says."""
    files = []
    if MASK in info.outputs:
        files.append("- `OUT/NAME_mask.png`: 255 where there is tumour, at the slice's own size.")
    if CLASS in info.outputs:
        files.append(f"- `OUT/predictions.csv`: file, then the probabilities of {', '.join(info.classes)}.")
    return "\n".join(
        [
            f"# {info.name}",
            f"{TASKS[info.task]} of brain tumours on MRI slices. **{NOTE}**",
            *([info.provenance.attribution] if info.provenance.attribution else []),
            f"\n```sh\npip install monai pytorch-ignite fire pillow\n{COMMAND}\n```",
            "\nrun in this folder, for a folder of 8-bit pictures, writes",
            *files,
            "\n`models/model.ts` needs torch alone: `torch.jit.load('models/model.ts')(image)` takes grey",
            "values, 0 to 255, float32 `(B, 1, H, W)`, and gives the probabilities by name.",
            "\nThe bundle answers every slice. What the model cannot rule out, and when it had better not",
            "answer, the model package alone knows: `brainmtl predict SLICES --model models/model.onnx`,",
            "which also reads DICOM and NIfTI.",
            "",
        ]
    )
