"""The classes and the planes, in their one order."""

from typing import Final, Literal

ClassName = Literal["glioma", "meningioma", "pituitary", "no_tumor"]
PlaneName = Literal["axial", "coronal", "sagittal"]

CLASSES: Final[tuple[ClassName, ...]] = ("glioma", "meningioma", "pituitary", "no_tumor")
HEALTHY: Final[ClassName] = "no_tumor"
TUMOURS: Final[tuple[ClassName, ...]] = CLASSES[:3]
PLANES: Final[tuple[PlaneName, ...]] = ("axial", "coronal", "sagittal")
