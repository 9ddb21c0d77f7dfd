"""What an import goes into: a dataset that is there, or a name that is free."""

from __future__ import annotations

from collections.abc import Sequence

from ide.dataset.config import DatasetConfig
from ide.dataset.errors import ImportRefusedError
from ide.store.importing.source import Source, as_label
from ide.store.workspace import Workspace


def existing_config(workspace: Workspace, name: str) -> DatasetConfig | None:
    """Return the configuration of a dataset that is there; refuse what is only half of one."""
    if name in workspace.datasets():
        return workspace.config(name)
    workspace.refuse_links(name)
    path = workspace.dataset_path(name)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise ImportRefusedError(
            f"{workspace.relative(path)} is there but has no dataset.toml, so it is not a dataset "
            "that an import can add to; write its dataset.toml, or move it away. "
            "Nothing was imported."
        )
    return None


def refuse_other_modality(config: DatasetConfig | None, source: Source) -> None:
    """Refuse examples of another kind than the dataset has."""
    if config is not None and config.modality != source.modality:
        raise ImportRefusedError(
            f"{source.name} holds {source.modality}s, and the dataset {config.name!r} is of "
            f"modality {config.modality!r} (datasets/{config.name}/dataset.toml); import it under "
            "another name. Nothing was imported."
        )


def given_classes(classes: Sequence[str], config: DatasetConfig | None) -> list[str]:
    """Return the classes that a person named for a new dataset; raise where they cannot be."""
    if classes and config is not None:
        raise ImportRefusedError(
            f"--classes is for a new dataset, and {config.name!r} has its classes in "
            f"datasets/{config.name}/dataset.toml; write them there. Nothing was imported."
        )
    named = (as_label(each.strip(), "--classes") for each in classes)
    return [label for label in named if label is not None]


def listed_classes(source: Source, given: Sequence[str]) -> list[str]:
    """Return the classes of a new dataset that stand first: an export's own, then those given."""
    return list(dict.fromkeys([*source.classes, *given]))


def refuse_no_classes(source: Source, classes: Sequence[str], name: str) -> None:
    """Refuse a new dataset whose classes nobody can know."""
    if not classes:
        raise ImportRefusedError(
            f"{source.name}: no row has a label, so the classes are not known; name them, as in "
            f"--classes cat,dog, or write them in datasets/{name}/dataset.toml first. "
            "Nothing was imported."
        )
