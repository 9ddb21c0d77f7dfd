"""The text files that an import writes or adds to, with people's comments kept."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator

import tomlkit
from tomlkit.exceptions import TOMLKitError

from ide.dataset.config import ModelConfig, SplitConfig
from ide.dataset.errors import ConfigError
from ide.dataset.reading import parse_toml
from ide.store.files import write_text
from ide.store.importing.source import Source
from ide.store.workspace import Workspace


def dataset_toml(
    source: Source,
    classes: Iterable[str],
    *,
    name: str,
    title: str | None,
    licence: str | None,
    image_size: int,
) -> str:
    """Return a new ``dataset.toml`` for a person to read and change."""
    split, model = SplitConfig(), ModelConfig()
    lines = ["# What this dataset is, how it is split, and what it compiles to."]
    lines.append(f"title = {_quoted(title or source.title or _title(name))}")
    if source.description:
        lines.append(f"description = {_quoted(source.description)}")
    lines.append(f"modality = {_quoted(source.modality)}")
    lines += ["# The labels there are, in the order of the network's outputs.", _classes(classes)]
    if licence or source.licence:
        lines.append(f"licence = {_quoted(licence or source.licence or '')}")
    else:
        lines.append('# licence = "who may do what with these examples"')
    lines += [
        f"source = {_quoted(source.name)}",
        "",
        "# How examples that come without a split are dealt; those already dealt never move.",
        "[split]",
        f"seed = {split.seed}",
        f"validation = {split.validation}  # share of each class",
        f"test = {split.test}",
    ]
    if source.modality == "image":
        lines += [
            "",
            "[model]",
            f"architecture = {_quoted(model.architecture)}",
            f"epochs = {model.epochs}",
            f"image_size = {image_size}  # pixels a side that images are resized to",
        ]
    return "\n".join(lines) + "\n"


def image_size(sides: Counter[int]) -> int:
    """Return the side to train on: the images' own up to 32, then 32, and 64 for large ones.

    sides: how many images by their longer side in pixels.
    """
    if not sides:
        return ModelConfig().image_size
    side = sorted(sides.elements())[sides.total() // 2]
    if side <= 32:
        return max(side, 8)
    return 32 if side <= 96 else 64


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort as people do: ``class2`` before ``class10``."""
    return sorted(names, key=natural_key)


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return the key that sorts numbers within names by their value."""
    parts = re.split(r"([0-9]+)", name)
    return [(0, int(p), "") if p.isascii() and p.isdigit() else (1, 0, p) for p in parts if p], name


def add_classes(workspace: Workspace, name: str, new: Iterable[str]) -> None:
    """Add classes after those of ``dataset.toml``, leaving the rest of the file as it is."""
    path = workspace.config_path(name)
    write_text(path, with_classes(workspace, name, path.read_text(encoding="utf-8"), new))


def with_classes(workspace: Workspace, name: str, text: str, new: Iterable[str]) -> str:
    """Return the text of ``dataset.toml`` with classes after its own, all else as it is."""
    where = workspace.relative(workspace.config_path(name))
    try:
        listed = tomlkit.parse(text)["classes"]
        before = listed.as_string()  # as it is written, comments and all
        known = list(parse_toml(text)["classes"])
    except (TOMLKitError, ValueError, KeyError, AttributeError, RecursionError):
        raise ConfigError(f"{where}: classes must be a list, written classes = [ … ]") from None
    wanted = [*known, *natural_order(new)]
    fresh = wanted[len(known) :]
    key = re.search(r"(?m)^[ \t]*[\"']?classes[\"']?[ \t]*=", text)
    at = text.find(before, key.end() if key else 0)
    for after in _longer_lists(before, [_quoted(label) for label in fresh]):
        longer = text[:at] + after + text[at + len(before) :]
        with contextlib.suppress(ValueError):
            if parse_toml(longer).get("classes") == wanted:
                return longer
    raise ConfigError(
        f"{where} cannot take further classes by itself; add these to its classes and import "
        f"again: {', '.join(fresh[:20])}"
    )


def _longer_lists(before: str, quoted: list[str]) -> Iterator[str]:
    """Yield how a TOML list may go on: after a comma that is there, or after one that is not.

    tomlkit's own way of adding to a list counts all of it anew for each item.
    """
    kept, items = before.rstrip()[:-1].rstrip(), ", ".join(quoted)
    if "\n" not in before:
        yield f"{kept}{'' if kept.endswith('[') else ' '}{items}]"
        yield f"{kept}, {items}]"
        return
    lines = "".join(f"  {q},\n" for q in quoted)
    yield f"{kept}\n{lines}]"
    yield f"{kept},\n{lines}]"
    yield f"{kept}\n  , {lines.lstrip()}]"  # the comma may stand after a comment


def _classes(classes: Iterable[str]) -> str:
    quoted = [_quoted(c) for c in classes]
    line = f"classes = [{', '.join(quoted)}]"
    if len(line) <= 100:
        return line
    return "classes = [\n" + "".join(f"  {q},\n" for q in quoted) + "]"


def _quoted(text: str) -> str:
    return tomlkit.string(text).as_string()


def _title(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()
