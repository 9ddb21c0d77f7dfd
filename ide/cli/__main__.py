"""``python -m ide.cli``: the same as ``upwell``."""

from ide.cli import main

main()
