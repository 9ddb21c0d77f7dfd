"""Which files of ours a stage runs: derived from what its files import, and never listed by hand.

``python -m pipelines.code_graph`` writes them into this repository's ``dvc.yaml``, and those of
``compile`` into ``model_facts.CODE``, by which builds are named; a test compares.
See docs/decisions/079-what-a-stage-runs-is-derived.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import ide

ROOT = Path(ide.__file__).parents[1]
PACKAGES = ("ide", "models", "pipelines")
# What stages run and what decides no byte of their outputs by itself.
LEFT_OUT = {
    "ide/__init__.py": "its version is among a build's versions",
    "ide/store": "it brings tables and takes them; what it brings is a dependency by its content",
    "ide/dataset/config.py": "what it reads is a parameter, and stands in model.json",
    "ide/dataset/errors.py": "a stage that raises writes nothing",
    "pipelines/stage.py": "it starts a stage and says how it ended",
}


@cache
def code_of(stage: str) -> tuple[str, ...]:
    """Return the files that a stage runs, as paths from the root of the packages, sorted."""
    found: set[Path] = set()
    waiting = [ROOT / "pipelines" / f"{stage}.py"]
    while waiting:
        path = waiting.pop()
        if path not in found and not _is_left_out(path):
            found.add(path)
            waiting.extend(_imported(path))
    return tuple(sorted(_name(path) for path in found))


def dependencies_of(stage: str) -> tuple[str, ...]:
    """Return the same as ``dvc.yaml`` has it: a folder stands for its files where all are run."""
    files = set(code_of(stage))

    def covering(name: str) -> str:
        folders = reversed(PurePosixPath(name).parents[:-1])  # the outermost first
        return next((str(f) for f in folders if _code_below(ROOT / f) <= files), name)

    return tuple(sorted({covering(name) for name in files}))


def _code_below(folder: Path) -> set[str]:
    return {_name(path) for path in folder.rglob("*.py") if _has_code(path)}


def _imported(path: Path) -> Iterator[Path]:
    """Yield the files that a file imports, also within its functions, with their packages."""
    tree = ast.parse(path.read_bytes(), str(path))
    for node in _running(tree):
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{name}" for name in names)]
        for name in names:
            parts = name.split(".")
            if parts[0] in PACKAGES:
                for n in range(1, len(parts) + 1):
                    yield from _file_of(ROOT.joinpath(*parts[:n]))


def _running(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports below a node but for those that only a type checker follows."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        children = list(node.orelse)
    for child in children:
        yield from _running(child)


def _file_of(path: Path) -> Iterator[Path]:
    """Yield the file of a module, or of a package that has code of its own."""
    module, package = path.with_suffix(".py"), path / "__init__.py"
    if module.is_file():
        yield module
    elif package.is_file() and _has_code(package):
        yield package


def _has_code(path: Path) -> bool:
    """Whether a file is more than a package's docstring."""
    return path.name != "__init__.py" or len(ast.parse(path.read_bytes()).body) > 1


def _is_left_out(path: Path) -> bool:
    name = _name(path)
    return any(name == left or name.startswith(f"{left}/") for left in LEFT_OUT)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def with_dependencies(text: str) -> str:
    """Return the text of a ``dvc.yaml`` in which each stage depends on the code that it runs."""
    lines: list[str] = []
    stage, in_deps, data = "", False, list[str]()
    for line in [*text.splitlines(), ""]:
        if in_deps and not line.startswith("        - "):
            code = [f"        - {name}" for name in dependencies_of(stage)]
            lines += sorted([*data, *code])
            in_deps, data = False, []
        if line.startswith("  ") and line[2:3].isalpha() and line.endswith(":"):
            stage = line.strip(" :")
        if in_deps:
            if line.split("- ")[1].startswith(("builds/", "datasets/")):
                data.append(line)
            continue
        lines.append(line)
        in_deps = line == "      deps:"
    return "\n".join(lines[:-1]) + "\n"


def with_code(text: str) -> str:
    """Return the text of ``model_facts.py`` in which ``CODE`` is what ``compile`` runs."""
    rows = "".join(f'    "{name}",\n' for name in dependencies_of("compile"))
    return re.sub(r"(?m)^CODE = \(\n.*?^\)$", f"CODE = (\n{rows})", text, flags=re.DOTALL)


def main() -> None:
    """Write both into the files of this repository."""
    for name, renewed in (("dvc.yaml", with_dependencies), ("pipelines/model_facts.py", with_code)):
        path = ROOT / name
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
