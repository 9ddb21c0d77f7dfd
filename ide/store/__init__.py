"""Adapters: the workspace on disk, git, DVC and DuckDB over its files."""
