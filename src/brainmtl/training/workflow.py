"""What MONAI does with a bundle of ours: read pictures, run the network, write masks and classes.

The syntax is that of MONAI's configurations (https://docs.monai.io/en/stable/config_syntax.html).
"""

from typing import Any

from brainmtl.imaging.picture import SUFFIXES
from brainmtl.inference.info import CLASS, MASK, PackageInfo


def workflow(info: PackageInfo) -> dict[str, Any]:
    """What ``configs/inference.json`` says: MONAI's own parts, and none of ours."""
    suffixes = tuple(sorted(SUFFIXES))
    return {
        "imports": ["$import pathlib", "$from PIL import ImageOps"],
        "bundle_root": ".",
        "dataset_dir": "$@bundle_root + '/slices'",
        "output_dir": "$@bundle_root + '/eval'",
        "device": "$torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "datalist": "$sorted(str(path) for path in pathlib.Path(@dataset_dir).iterdir()"
        f" if path.suffix.lower() in {suffixes})",
        "network_def": {
            "_target_": "torch.jit.load",
            "f": "$@bundle_root + '/models/model.ts'",
            "map_location": "@device",
        },
        "preprocessing": {"_target_": "Compose", "transforms": _READ},
        "dataset": {
            "_target_": "Dataset",
            "data": "$[{'image': path} for path in @datalist]",
            "transform": "@preprocessing",
        },
        "dataloader": {"_target_": "DataLoader", "dataset": "@dataset", "batch_size": 1, "num_workers": 0},
        "inferer": {"_target_": "SimpleInferer"},
        "postprocessing": {"_target_": "Compose", "transforms": _write(info)},
        "handlers": [_CLASSES] if CLASS in info.outputs else [],
        "evaluator": {
            "_target_": "SupervisedEvaluator",
            "device": "@device",
            "val_data_loader": "@dataloader",
            "network": "@network_def",
            "inferer": "@inferer",
            "postprocessing": "@postprocessing",
            "val_handlers": "@handlers",
        },
        "run": ["$@evaluator.run()"],
    }


_READ: list[dict[str, Any]] = [
    {
        "_target_": "LoadImaged",
        "keys": "image",
        "reader": {
            "_target_": "PILReader",
            "converter": "$lambda picture: ImageOps.exif_transpose(picture).convert('L')",
        },
    },
    {"_target_": "EnsureChannelFirstd", "keys": "image", "channel_dim": "no_channel"},
    {"_target_": "Transposed", "keys": "image", "indices": [0, 2, 1]},  # PILReader puts columns first
]
_CLASSES: dict[str, Any] = {
    "_target_": "ClassificationSaver",
    "output_dir": "@output_dir",
    "batch_transform": "$lambda batch: [one['image'].meta for one in batch]",
    "output_transform": f"$monai.handlers.from_engine(['{CLASS}'])",
}


def _write(info: PackageInfo) -> list[dict[str, Any] | str]:
    named: list[dict[str, Any] | str] = [{"_target_": "FlattenSubKeysd", "keys": "pred"}]
    if MASK not in info.outputs:
        return named
    return [
        *named,
        f"$lambda data: {{**data, '{MASK}': monai.data.MetaTensor(data['{MASK}'], meta=data['image'].meta)}}",
        {"_target_": "AsDiscreted", "keys": MASK, "threshold": info.mask_threshold},
        {"_target_": "Transposed", "keys": MASK, "indices": [0, 2, 1]},
        {
            "_target_": "SaveImaged",
            "keys": MASK,
            "output_dir": "@output_dir",
            "output_postfix": "mask",
            "output_ext": ".png",
            "output_dtype": "$np.uint8",
            "scale": 255,
            "resample": False,
            "separate_folder": False,
            "print_log": False,
        },
    ]
