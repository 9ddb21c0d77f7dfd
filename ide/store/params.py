"""``params.yaml``: which datasets are built, read and written with its comments."""

from __future__ import annotations

import io
import re
from typing import Any

from ruamel.yaml import YAML

from ide.dataset.errors import ConfigError
from ide.store.files import write_text
from ide.store.workspace import Workspace
from ide.store.yaml_text import parse_yaml

_NO_PARAMS = "# The datasets that are built, each a folder of datasets/.\ndatasets: []\n"
_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)  # git's marks


def read_params(workspace: Workspace) -> Any:
    """Return ``params.yaml`` with its comments; raise ``ConfigError`` if it lists no datasets."""
    path = workspace.root / "params.yaml"
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else _NO_PARAMS
        if _CONFLICT.search(text):
            raise ConfigError(
                "params.yaml holds a merge conflict; keep the lines of both sides, remove the "
                "marks (<<<<<<<, =======, >>>>>>>), and try again"
            )
        params = parse_yaml(text, _yaml()) or {}
    except OSError as error:
        raise ConfigError(f"params.yaml cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"params.yaml is not YAML: {error}. Mend it and try again.") from None
    listed = params.get("datasets") if isinstance(params, dict) else None
    if not isinstance(params, dict) or not (listed is None or isinstance(listed, list)):
        raise ConfigError(
            "params.yaml: datasets must be a list of names, each on a line such as '  - digits'"
        )
    return params


def list_dataset(workspace: Workspace, name: str) -> bool:
    """Add a dataset to those that ``params.yaml`` has built; return whether it was missing."""
    params = read_params(workspace)
    listed = params.get("datasets")
    if listed and name in listed:
        return False
    path = workspace.root / "params.yaml"
    if listed and not listed.fa.flow_style():
        # a line after the last one: YAML libraries count what follows as the last item's comment
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        row, column = listed.lc.item(len(listed) - 1)
        lines[row] = lines[row].rstrip("\r\n") + "\n"
        lines.insert(row + 1, f"{lines[row][:column]}{_yaml_name(name)}\n")
        write_text(path, "".join(lines))
        return True
    if listed:
        listed.append(name)
    else:
        params["datasets"] = [name]
    buffer = io.StringIO()
    _yaml().dump(params, buffer)
    write_text(path, buffer.getvalue())
    return True


def _yaml_name(name: str) -> str:
    """Quote what YAML would read as yes, no or nothing."""
    is_word = name in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    return f'"{name}"' if is_word else name


def _yaml() -> YAML:
    yaml = YAML()  # the round trip: comments and order are kept
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 4096
    return yaml
