"""Which kept build is of a revision's labels, configuration and examples; nothing is compiled.

A build says itself what it was made of (``snapshot.json``, ``model.json``), a revision does by
what git has of it; where the two are equal, the build is the revision's, whenever it was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ide.dataset.config import DatasetConfig, is_name, parse_config
from ide.dataset.errors import ConfigError
from ide.dataset.reviews import is_talk
from ide.dataset.snapshot import edit_set_hash
from ide.store import git
from ide.store.builds import (
    BuildInfo,
    archive_path,
    archived_builds,
    build_model,
    build_table,
    current_build,
    other_builds_path,
)
from ide.store.edit_log import read_edits
from ide.store.past_edits import edits_at
from ide.store.workspace import Workspace, named_checks
from ide.store.yaml_text import parse_yaml


@dataclass(frozen=True, slots=True)
class Sources:
    """What a build of a dataset is made of, by names of contents.

    edits: hash of the ids of the edits. examples: DVC's name of the folder of examples, without
    the ending, None = unknown. configuration: classes and ``[model]``.
    """

    edits: str
    examples: str | None
    configuration: Mapping[str, Any]


def build_of_revision(workspace: Workspace, name: str, revision: str | None) -> BuildInfo | None:
    """Return the kept build of exactly a revision's labels, configuration and examples.

    revision: any name git knows; None = the working tree, whose build is the current one. None
    is returned where this machine keeps no such build; ``rebuilding.build_at`` makes one. Cheap:
    reads git and small files. Raises ``GitError`` where the revision is none.
    """
    if revision is None:
        return current_build(workspace, name)
    commit = git.resolve(workspace.root, revision)
    for build in archived_builds(other_builds_path(workspace, name)):
        if build.revision == commit:
            return build
    wanted = sources_at(workspace, name, commit)
    builds = [(build, sources_of(build)) for build in kept_builds(workspace, name)]
    if wanted is None:
        return None
    known = [(b, own) for b, own in builds if own.examples is not None or b.revision == commit]
    for build, own in known:
        if own == wanted:
            return build
    for build, own in known:
        if replace(own, edits=wanted.edits) == wanted and _has_labels_of(build, workspace, commit):
            return build
    return None


def _has_labels_of(build: BuildInfo, workspace: Workspace, commit: str) -> bool:
    """Whether a build's edits differ from a revision's in comments and reviews only."""
    then = {e.edit_id: e for e in edits_at(workspace, build.dataset, commit)}
    built = build_table(build, "edits", ["edit_id"])["edit_id"].to_pylist()
    differing = then.keys() ^ set(built)
    known = {e.edit_id: e for e in read_edits(workspace, build.dataset).edits} | then
    return all(i in known and is_talk(known[i], known) for i in differing)


def kept_builds(workspace: Workspace, name: str) -> list[BuildInfo]:
    """Return every build of a dataset that is kept, of whatever revision; never a drill's."""
    archives = (archive_path(workspace, name, None), other_builds_path(workspace, name))
    return [build for archive in archives for build in archived_builds(archive)]


def sources_of(build: BuildInfo) -> Sources:
    """Return what a build says it was made of."""
    model = build_model(build)
    configuration = {"classes": model.get("classes"), "model": model.get("configuration")}
    examples = model.get("inputs", {}).get("examples")
    return Sources(build.edits_revision, examples, configuration)


def sources_at(workspace: Workspace, name: str, revision: str) -> Sources | None:
    """Return what a build of a dataset at a revision would be made of; None: it is not there."""
    config = config_at(workspace, name, revision)
    if config is None:
        return None
    edits = edit_set_hash(e.edit_id for e in edits_at(workspace, name, revision))
    return Sources(edits, examples_at(workspace, name, revision), _configuration(config))


def config_at(workspace: Workspace, name: str, revision: str) -> DatasetConfig | None:
    """Return ``dataset.toml`` as it is at a revision; None where it is not there."""
    path = workspace.relative(workspace.config_path(name))
    data = git.show(workspace.root, revision, path)
    if data is None:
        return None
    where = f"{path} at {revision[:10]}"
    try:
        own = _own_checks_at(workspace, name, revision)
        return parse_config(data.decode("utf-8"), name=name, where=where, own_checks=own)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where} is not UTF-8 text (byte {error.start})") from None


def listed_at(workspace: Workspace, revision: str) -> list[str]:
    """Return the datasets that a revision builds where none is named; [] = not clear from here."""
    listed = _yaml_at(workspace, revision, "params.yaml").get("datasets")
    names = [n for n in listed if isinstance(n, str)] if isinstance(listed, list) else []
    configs = [config_at(workspace, n, revision) for n in names if is_name(n)]
    known = [config for config in configs if config is not None]
    whole = len(known) == len(listed or ()) and all(config.is_compiled for config in known)
    return names if whole else []


def _own_checks_at(workspace: Workspace, name: str, revision: str) -> list[str]:
    repo, folder = git.repository(workspace.root), workspace.relative(workspace.checks_path(name))
    files = git.list_files(repo, workspace.root, revision, folder)
    texts = git.read_blobs(workspace.root, files.values()) if files else {}
    return [
        check
        for path, blob in sorted(files.items())
        for check in named_checks(path, texts.get(blob, b"").decode(errors="replace"))
    ]


def examples_at(workspace: Workspace, name: str, revision: str) -> str | None:
    """Return DVC's name of the examples at a revision, from its pointer or its lock."""
    folder = workspace.relative(workspace.examples_path(name))
    pointer = _yaml_at(workspace, revision, f"{folder}.dvc")
    for out in _list(pointer.get("outs")):
        return _content_name(out)
    stages = _yaml_at(workspace, revision, "dvc.lock").get("stages")
    for stage in stages.values() if isinstance(stages, dict) else ():
        for out in _list(stage.get("outs") if isinstance(stage, dict) else None):
            if out.get("path") == folder:
                return _content_name(out)
    return None


def _content_name(out: Mapping[str, Any]) -> str | None:
    md5 = out.get("md5")
    return md5.removesuffix(".dir") if isinstance(md5, str) else None


def _configuration(config: DatasetConfig) -> dict[str, Any]:
    return {"classes": list(config.classes), "model": asdict(config.model)}


def _yaml_at(workspace: Workspace, revision: str, path: str) -> dict[str, Any]:
    data = git.show(workspace.root, revision, path)
    try:
        loaded = parse_yaml(data or b"")
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
