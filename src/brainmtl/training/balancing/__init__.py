"""Balancing two tasks: by weights that a recipe states or that are learned, or by their gradients."""
