"""Git in a clone that nobody has trusted yet: it reads, and runs nothing that the clone names.

The settings of a clone (``.git/config`` and what it includes) can name programs: a watcher of
files, filters, drivers, pagers, helpers, hooks. ``git clone`` brings none, but a folder that was
copied or unpacked brings all of them. Here they are overruled, by settings that git reads last.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ide.dataset.errors import GitError

# By git-config(1) of 2.39 to 2.52: every setting that is a command, or names one.
_RUNS = re.compile(
    r"^(?:alias|pager|guitool|sendemail|imap)\."
    r"|\.(?:alternaterefscommand|askpass|clean|cmd|command|defaultkeycommand|difffilter|driver"
    r"|editor|external|fsmonitor|gitproxy|helper|hookspath|packobjectshook|pager|process|program"
    r"|receivepack|sendmailcmd|smudge|sshcommand|textconv|tocmd|cccmd|headercmd|update|uploadpack"
    r"|vcs)$"
    r"|^(?:browser|difftool|man|mergetool)\..*\.path$"
)
_REQUIRED = re.compile(r"^filter\..*\.required$")
# A transport that a remote's address names by itself, such as ext::sh -c …
_TRANSPORT = re.compile(r"^[A-Za-z0-9_+-]+::")
# A git hook that starts us sets these to its own repository; ours is where the workspace lies.
FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
_PERSONAL = ("system", "global")  # the settings of the machine and the person, not of the clone


@dataclass(frozen=True, slots=True)
class Settings:
    """Git's settings as they are in a folder: those of the person, and those of the clone."""

    personal: Mapping[str, str]
    of_clone: Mapping[str, str]

    def running(self) -> dict[str, str]:
        """Return the clone's own settings that name something to run."""
        return {
            key: value
            for key, value in self.of_clone.items()
            if (_RUNS.search(key) and not _is_off(value))
            or (key.startswith("remote.") and _TRANSPORT.match(value))
        }


def settings(root: Path) -> Settings:
    """Return git's settings in a folder; reading them runs nothing."""
    personal: dict[str, str] = {}
    of_clone: dict[str, str] = {}
    for scope, key, value in _listed(root):
        if scope in _PERSONAL:
            personal[key] = value
        elif scope in ("local", "worktree"):
            of_clone[key] = value
    return Settings(personal, of_clone)


def guarding(root: Path) -> dict[str, str]:
    """Return the variables with which git runs nothing that the clone at ``root`` names.

    What a person has set for all clones holds on. Nothing is fetched: git would otherwise bring
    what a partial clone lacks, by a program that the clone names.
    """
    found = settings(root)
    overruled = {key: found.personal.get(key, "") for key in found.of_clone if _RUNS.search(key)}
    for key in filter(_REQUIRED.search, found.of_clone):
        overruled[key] = found.personal.get(key, "false")
    overruled |= {
        "core.fsmonitor": "false",
        "core.hooksPath": found.personal.get("core.hookspath", os.devnull),
        "gc.auto": "0",
        "log.showSignature": "false",
        "maintenance.auto": "false",
        "safe.bareRepository": "explicit",  # a folder of a clone may look like a repository
        "submodule.recurse": "false",
    }
    n_given = os.environ.get("GIT_CONFIG_COUNT", "")
    start = int(n_given) if n_given.isdecimal() else 0
    variables = {
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_CONFIG_COUNT": str(start + len(overruled)),
    }
    for number, (key, value) in enumerate(overruled.items(), start):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def _listed(root: Path) -> Iterator[tuple[str, str, str]]:
    """Yield scope, key and value of every setting; none where git cannot tell them."""
    command = ["git", "-c", "safe.bareRepository=explicit", "config", "--list", "-z"]
    try:
        done = subprocess.run(
            [*command, "--show-scope", "--includes"],
            cwd=root,
            env={**{k: v for k, v in os.environ.items() if k not in FOREIGN}, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return  # no git, or no folder: who wants to run git there says so
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitError(f"git's settings of {root} cannot be read: {(said or ['?'])[-1][:200]}")
    fields = os.fsdecode(done.stdout).split("\0")
    for scope, entry in zip(fields[::2], fields[1::2], strict=False):
        key, _, value = entry.partition("\n")
        yield scope, key, value


def _is_off(value: str) -> bool:
    return value.strip().lower() in ("", "false", "no", "off", "0")
