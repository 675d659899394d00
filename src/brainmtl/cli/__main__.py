"""``python -m brainmtl.cli``."""

from brainmtl.cli import main

main()
