"""Data sets become manifests; manifests become splits and caches."""
