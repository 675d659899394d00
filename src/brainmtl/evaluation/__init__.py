"""What the numbers mean: metrics on arrays, for any tool's predictions."""
