"""Predictions over archives: too many slices for one process, on machines that may die."""
