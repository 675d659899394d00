"""brainmtl segments and classifies brain tumours on MRI slices."""

__version__ = "0.1.0"
