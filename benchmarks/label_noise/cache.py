"""Arrays kept in a work folder by what they were computed from, so that a run can be resumed."""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


class Cache:
    """A folder of .npz files; ``n_computed`` counts what was not found in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.n_computed = folder, 0
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, kind: str, key: tuple[Any, ...], compute: Callable[[], Arrays]) -> Arrays:
        """Give the arrays kept under ``kind`` and ``key``, computing and keeping them if new.

        key: arrays, numbers, texts and None; all that decides the result, the code included.
        """
        path = self.folder / f"{kind}-{digest(*key)}.npz"
        if path.is_file():
            with np.load(path) as kept:
                return dict(kept)
        self.n_computed += 1
        arrays = compute()
        unfinished = path.with_suffix(f".{os.getpid()}.tmp")
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)
        unfinished.replace(path)
        return arrays


def digest(*parts: Any) -> str:
    """Name a key by 24 hex digits of its values, types and shapes."""
    found = hashlib.blake2b(digest_size=12)
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).data)
        else:
            found.update(repr(part).encode())
        found.update(b"\0")
    return found.hexdigest()


@cache
def code(*modules: str) -> str:
    """Name the code of modules; comments, docstrings and layout do not count."""
    return digest(*(_statements(import_module(name)) for name in modules))


def _statements(module: ModuleType) -> str:
    tree = ast.parse(inspect.getsource(module))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
