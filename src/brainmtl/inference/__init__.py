"""The model package and what it says of a slice, without torch."""
