"""Are the edits that are named as causes of broken examples the ones that broke them?

    python benchmarks/attribution.py [--seeds 3] [--keep DIR] [--strewn]

Digits, one commit: 120 wrong labels (of two classes each other's neighbour), and beside them as
many harmless edits: 40 corrections of labels that were wrong before, and of the same four classes
40 exclusions and 40 moves out of the training split. Both states are compiled for real. Then for
every example of the test and validation splits that broke:

With --strewn the wrong labels are of all classes, and wrong at random.

1. Whom the first cause, and all causes, are: a wrong label, or a harmless edit. Beside it what an
   edit drawn at random would be.
2. The proof: the edits that are named most are taken back, and it is compiled again; beside it as
   many edits drawn at random. How many of the broken are whole again?
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized
from ide.dataset.edit import Edit, make_edit
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT, TEST, TRAIN, VALIDATION
from ide.store import git
from ide.store.build_process import run_build
from ide.store.builds import BuildInfo, build_table, require_build
from ide.store.comparison import compare
from ide.store.edit_log import append_edits
from ide.store.importing import import_source
from ide.store.new import new_workspace
from ide.store.state import current_labels, edit_example, undo_edit
from ide.store.workspace import Workspace

NAME = "digits"
PAIRS = (("3", "8"), ("4", "9"))
N_EACH = 60  # wrong labels a pair
N_HARMLESS = 40  # of each of three kinds


def main() -> None:
    """Print a line a seed, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="where the workspaces stay")
    parser.add_argument("--strewn", action="store_true", help="wrong labels of all classes")
    options = sized(parser, seeds=1)
    rows = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            root = options.keep / str(seed) if options.keep else Path(folder) / "digits"
            if not (root / "planted.txt").exists():
                plant(root, seed, is_strewn=options.strewn)
            rows.append(measure(Workspace(root), seed))
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    total = {key: sum(row[key] for row in rows) for key in rows[0]}
    print("all:", "  ".join(f"{key} {value}" for key, value in total.items()))


def plant(root: Path, seed: int, *, is_strewn: bool) -> None:
    """Make the workspace: a base with 40 wrong labels, compiled, then the commit, compiled."""
    shutil.rmtree(root, ignore_errors=True)
    workspace = new_workspace(root)
    import_source(workspace, "sklearn:digits", name=NAME)
    rng = np.random.default_rng(seed)
    labels = current_labels(workspace, NAME)
    train = labels.filter(pc.equal(labels[SPLIT], TRAIN))
    by_id = dict(zip(train[EXAMPLE_ID].to_pylist(), train[LABEL].to_pylist(), strict=True))
    wrong = [
        (i, now)
        for was, now in PAIRS
        for i in rng.choice(sorted(i for i, x in by_id.items() if x == was), N_EACH, replace=False)
    ]
    if is_strewn:
        drawn = rng.permutation(sorted(by_id))[: len(wrong)]
        wrong = [(i, str((int(by_id[i]) + rng.integers(1, 10)) % 10)) for i in drawn]
    rest = rng.permutation(sorted(by_id.keys() - {i for i, _ in wrong}))
    noisy, rest = rest[:N_HARMLESS], rest[N_HARMLESS:]
    same_classes = [i for i in rest if any(by_id[i] in pair for pair in PAIRS)]
    excluded, moved = np.split(np.array(same_classes[: 2 * N_HARMLESS]), 2)
    noise = {i: str((int(by_id[i]) + rng.integers(1, 10)) % 10) for i in noisy}
    append_edits(workspace, NAME, [_edit(i, "label", x) for i, x in noise.items()])
    _compile_and_commit(workspace, "base")
    planted = [_edit(i, "label", x, annotator="mallory") for i, x in wrong]
    append_edits(workspace, NAME, planted)
    for i in noisy:
        edit_example(workspace, NAME, i, "label", by_id[i], annotator="ada")
    append_edits(workspace, NAME, [_edit(i, "exclude", None) for i in excluded])
    append_edits(workspace, NAME, [_edit(i, "split", "pool") for i in moved])
    _compile_and_commit(workspace, "edited")
    (root / "planted.txt").write_text("\n".join(e.edit_id for e in planted))


def _edit(example_id: str, action: str, value: str | None, annotator: str = "ada") -> Edit:
    return make_edit(str(example_id), action, value, annotator=annotator)


def _compile_and_commit(workspace: Workspace, message: str) -> None:
    git.run(workspace.root, "add", "--all")
    git.run(workspace.root, "commit", "--quiet", "--message", message)
    git.run(workspace.root, "tag", message)
    run_build(workspace, [NAME], on_progress=lambda _: None)


def measure(workspace: Workspace, seed: int) -> dict[str, float]:
    """Return counts: of broken examples, of causes and whom they are, and of the proof."""
    planted = set((workspace.root / "planted.txt").read_text().split())
    found = compare(workspace, NAME, "base")
    edits = [i for i in found.changes["edit_id"].to_pylist() if i]
    broken = found.flips.filter(pc.equal(found.flips["flip"], "broken"))
    is_held_out = pc.is_in(broken[SPLIT], pa.array([TEST, VALIDATION]))
    held_out = broken.filter(is_held_out)[EXAMPLE_ID].to_pylist()
    causes = [found.causes[i] for i in held_out if i in found.causes]
    blamed = found.attribution.filter(
        pc.is_in(found.attribution[EXAMPLE_ID], pa.array(held_out, pa.string()))
    )
    named = _most_named(blamed)[: len(planted) // 2]
    rng = np.random.default_rng(seed)
    drawn = [str(i) for i in rng.permutation(sorted(edits))[: len(named)]]
    return {
        "edits": len(edits),
        "wrong": len(planted),
        "broken": len(held_out),
        "with-causes": len(causes),
        "first-wrong": sum(c[0] in planted for c in causes),
        "causes": sum(len(c) for c in causes),
        "causes-wrong": sum(i in planted for c in causes for i in c),
        "taken-back": len(named),
        "named-wrong": sum(i in planted for i in named),
        "whole-again": _whole_again(workspace, named, held_out),
        "whole-again-random": _whole_again(workspace, drawn, held_out),
    }


def _most_named(causes: pa.Table) -> list[str]:
    totals: dict[str, float] = {}
    for edit_id, score in zip(*(causes[c].to_pylist() for c in ("edit_id", "score")), strict=True):
        totals[edit_id] = totals.get(edit_id, 0) + score
    return sorted(totals, key=lambda i: (-totals[i], i))


def _whole_again(workspace: Workspace, edit_ids: list[str], broken: list[str]) -> int:
    """Take edits back in a copy, compile, and count the broken that are right again."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(workspace.root, Path(folder) / "copy", symlinks=True)
        copy = Workspace(Path(folder) / "copy")
        for edit_id in edit_ids:
            undo_edit(copy, NAME, edit_id, annotator="eve")
        run_build(copy, [NAME], on_progress=lambda _: None)
        build: BuildInfo = require_build(copy, NAME)
        predictions = build_table(build, "predictions", [EXAMPLE_ID, "predicted"])
        labels = build_table(build, "labels")
        right = pc.equal(predictions["predicted"], labels[LABEL])
        whole = set(predictions.filter(right)[EXAMPLE_ID].to_pylist())
    return sum(i in whole for i in broken)


if __name__ == "__main__":
    main()
