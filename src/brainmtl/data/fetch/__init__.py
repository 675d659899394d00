"""From a hub to a folder: what there is, getting it whole, unpacking it safely."""
