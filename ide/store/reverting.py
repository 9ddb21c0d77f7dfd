"""Reverting a commit: its edits are taken back by edits, in a commit of their own."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ide.dataset.edit import Edit, check_annotator
from ide.dataset.errors import GitError
from ide.dataset.revert import Kept, Plan, plan_revert
from ide.store import git
from ide.store.edit_log import read_edits
from ide.store.git_commit import commit_files
from ide.store.moving import moving, refuse_uncommitted, require_branch
from ide.store.past_edits import dataset_of, edits_of_all, is_log
from ide.store.provisional import appended
from ide.store.workspace import TRACKED, Workspace


@dataclass(frozen=True, slots=True)
class RevertResult:
    """What taking a commit back did.

    ``edits``: dataset → the edits made. ``kept``: a sentence for each example that was left as
    it is, since a later edit builds on the commit's. ``revision``: the new commit, None where
    there was nothing to take back. ``notes``: what else the commit changed, which edits cannot
    take back, and the command that can.
    """

    edits: Mapping[str, tuple[Edit, ...]]
    kept: tuple[str, ...]
    revision: str | None
    notes: tuple[str, ...] = ()

    @property
    def n_edits(self) -> int:
        """How many edits were made, in all datasets."""
        return sum(len(edits) for edits in self.edits.values())


def revert(
    workspace: Workspace, revision: str, *, annotator: str, reason: str | None = None
) -> RevertResult:
    """Take back what one commit did to labels; later edits stay.

    Of a merge: what it brought to the branch that it was made on. reason: it goes into the edits
    and the message (default: the commit's first line). Raises ``GitError``,
    ``BuildRunningError``, ``EditError`` or ``StorageError`` with one sentence; then nothing has
    changed.
    """
    root = workspace.root
    check_annotator(annotator)
    with moving(workspace, "revert") as repo:
        commit = git.resolve(root, revision)
        tree = git.working_tree(repo, root, TRACKED)
        require_branch(tree, "revert")
        refuse_uncommitted(tree, "revert")
        _require_part_of_branch(workspace, commit, revision)
        _require_identity(workspace)
        subject = git.run(root, "log", "-1", "--format=%s", commit).decode(errors="replace").strip()
        why = reason or f"reverts {commit[:10]}: {subject}"[:300]
        planned = _planned(workspace, repo, commit, annotator=annotator, reason=why)
        if not planned.edits:
            return planned
        message = _message(commit, subject, planned, reason)
        return replace(planned, revision=_commit(workspace, repo, planned.edits, message))


def preview_revert(workspace: Workspace, revision: str, *, annotator: str) -> RevertResult:
    """Return what ``revert`` would do, and do nothing: its edits, what stays, its notes.

    Raises ``GitError`` or ``EditError`` with the sentence that ``revert`` would be refused with,
    but for what is uncommitted or unfinished at that time.
    """
    check_annotator(annotator)
    repo = git.repository(workspace.root)
    commit = git.resolve(workspace.root, revision)
    _require_part_of_branch(workspace, commit, revision)
    return _planned(workspace, repo, commit, annotator=annotator, reason="")


def _planned(
    workspace: Workspace, repo: git.Repository, commit: str, *, annotator: str, reason: str
) -> RevertResult:
    """Return what taking a commit back means here, with nothing of it done."""
    parent = _parent(workspace, commit)
    paths = _changed_paths(workspace, repo, commit, parent)
    plans = _plans(workspace, commit, parent, paths, annotator=annotator, reason=reason)
    kept = tuple(_says(n, k) for n, plan in plans.items() for k in plan.kept)
    edits = {n: plan.edits for n, plan in plans.items() if plan.edits}
    notes = () if edits else _nothing(plans, commit)
    return RevertResult(edits, kept, None, (*notes, *_notes(workspace, repo, parent, paths)))


def _require_part_of_branch(workspace: Workspace, commit: str, name: str) -> None:
    result = git.attempt(workspace.root, "merge-base", "--is-ancestor", commit, "HEAD")
    if result.returncode != 0:
        raise GitError(
            f"{name[:80]!r} is not part of this branch, so that there is nothing of it to take "
            "back here. List the branch's commits with: upwell log"
        )


def _require_identity(workspace: Workspace) -> None:
    git.run(workspace.root, "var", "GIT_COMMITTER_IDENT")
    git.run(workspace.root, "var", "GIT_AUTHOR_IDENT")


def _parent(workspace: Workspace, commit: str) -> str | None:
    """Return a commit's first parent, None for the first commit of all."""
    result = git.attempt(workspace.root, "rev-parse", "--verify", "--quiet", f"{commit}^1")
    if result.returncode == 0:
        return result.stdout.decode().strip()
    raw = git.run(workspace.root, "cat-file", "commit", commit).partition(b"\n\n")[0]
    if b"\nparent " in raw:
        raise GitError(
            f"this clone is shallow and lacks what was before {commit[:10]}, so that git cannot "
            "tell what that commit changed. Fetch it with: git fetch --unshallow, then revert"
        )
    return None


def _changed_paths(
    workspace: Workspace, repo: git.Repository, commit: str, parent: str | None
) -> list[str]:
    """Return the files of the workspace that a commit changed, against its first parent."""
    span = [parent, commit] if parent else ["--root", commit]
    out = git.run(workspace.root, "diff-tree", "-r", "-z", "--name-only", "--no-commit-id", *span)
    paths = [os.fsdecode(p) for p in out.split(b"\0") if p]
    return [p.removeprefix(repo.prefix) for p in paths if p.startswith(repo.prefix)]


def _notes(
    workspace: Workspace, repo: git.Repository, parent: str | None, paths: Sequence[str]
) -> tuple[str, ...]:
    """Say what a commit changed besides labels that are here, and how to take that back."""
    here = workspace.datasets()
    gone = sorted({n for p in paths if is_log(p) and (n := dataset_of(p)) not in here and n})
    notes = [f"not taken back: edits of {name!r}, a dataset that is not here" for name in gone]
    others = [p for p in paths if not is_log(p) and p != "dvc.lock"]
    if not others:
        return tuple(notes)
    listed = ", ".join(others[:5]) + (f" and {len(others) - 5:,} more" if len(others) > 5 else "")
    if parent is None:
        return (*notes, f"not taken back: {listed}, which this first commit of all began")
    there = git.list_files(repo, workspace.root, parent, ".")
    old = [shlex.quote(p) for p in others if p in there][:5]
    new = [shlex.quote(p) for p in others if p not in there][:5]
    ways = [f"git checkout {parent[:10]} -- {' '.join(old)}"] if old else []
    ways += [f"git rm {' '.join(new)}"] if new else []
    dvc = " (then: dvc checkout)" if any(p.endswith(".dvc") for p in others) else ""
    return (
        *notes,
        f"not taken back: {listed}. Edits take back labels only; for these, if nobody has changed "
        f"them since: {'; '.join(ways)}{dvc}, then upwell commit",
    )


def _plans(
    workspace: Workspace,
    commit: str,
    parent: str | None,
    paths: Sequence[str],
    *,
    annotator: str,
    reason: str,
) -> dict[str, Plan]:
    """Return what to do in each dataset whose logs the commit touched."""
    here = workspace.datasets()
    names = sorted({n for p in paths if is_log(p) and (n := dataset_of(p)) in here})
    after = edits_of_all(workspace, names, commit)
    before = edits_of_all(workspace, names, parent) if parent else dict.fromkeys(names, ())
    plans = {}
    for name in names:
        known = {e.edit_id for e in before[name]}
        taken = {e.edit_id for e in after[name]} - known
        edits = read_edits(workspace, name).edits
        plans[name] = plan_revert(edits, taken, annotator=annotator, reason=reason)
    return plans


def _says(name: str, kept: Kept) -> str:
    """Say what was left as it is, and whose edit stands there."""
    edit = kept.edit
    what = f"{edit.action} {edit.value!r}" if edit.value else edit.action
    return (
        f"{name} {edit.example_id[:80]}: {what[:80]} by {edit.annotator} "
        f"({edit.made_at:%Y-%m-%d %H:%M}) builds on it and stays"
    )


def _nothing(plans: Mapping[str, Plan], commit: str) -> tuple[str, ...]:
    if any(plan.kept for plan in plans.values()):
        return ()
    why = "every edit of it was taken back already" if plans else "it changed no labels"
    return (f"nothing to take back of {commit[:10]}: {why}",)


def _message(commit: str, subject: str, planned: RevertResult, reason: str | None) -> str:
    counts = "; ".join(
        f"{name}: {len({e.example_id for e in found}):,} examples"
        for name, found in planned.edits.items()
    )
    n_kept = len(planned.kept)
    left = f" {n_kept:,} were left, for later edits build on them." if n_kept else ""
    why = f"\n\n{reason}" if reason else ""
    return (
        f'Revert "{subject}"\n\nThis takes back the labels of commit {commit}.\n'
        f"{counts}.{left}{why}"
    )


def _commit(
    workspace: Workspace,
    repo: git.Repository,
    edits: Mapping[str, Sequence[Edit]],
    message: str,
) -> str:
    """Append the edits and commit just them: both, or neither."""
    with appended(workspace, edits) as lines:
        head = git.read_blobs(workspace.root, [f"HEAD:{repo.path(path)}" for path in lines])
        files = {}
        for path, own in lines.items():
            before = head.get(f"HEAD:{repo.path(path)}", b"")
            joint = b"" if not before or before.endswith(b"\n") else b"\n"
            files[path] = before + joint + own
        return commit_files(repo, workspace.root, files, message)
