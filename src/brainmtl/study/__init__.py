"""Many runs at once: cross-validation, sweeps, and what was measured beside what was published."""
