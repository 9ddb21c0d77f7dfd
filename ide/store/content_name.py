"""The name of a dataset's examples by content: DVC's own, so that git's pointer has it too."""

from __future__ import annotations

import hashlib
import json

from ide.store.examples import example_parts
from ide.store.files import storage_errors
from ide.store.workspace import Workspace


def examples_name(workspace: Workspace, name: str) -> str:
    """Return 32 hex digits that name the parts, whatever the machine, its clock and its links.

    It is the MD5 of what DVC writes of a folder (``dvc_data.hashfile.tree``): a JSON list of
    its files' MD5 and names, sorted by name. Reads every byte, some 0.5 GB a second.
    """
    entries = []
    for path in example_parts(workspace, name):
        with storage_errors(path, "read"), path.open("rb") as stream:
            digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False))
        entries.append({"md5": digest.hexdigest(), "relpath": path.name})
    listed = json.dumps(sorted(entries, key=lambda e: e["relpath"]), sort_keys=True)
    return hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest()
