"""Files to arrays and back: slices in, masks and overlays out."""
