"""A workspace of any size in a few seconds: real files, a build that nobody had to train.

The pictures are drawn digits with noise; the suspects are the examples whose label was planted
wrong, in a made-up order. For benchmarks and browser tests that are about the workbench.
"""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw, ImageFont

from ide.dataset import schema
from ide.dataset.ids import content_id
from ide.store.files import write_json, write_parquet, write_text
from ide.store.trust import trust
from ide.store.workspace import Workspace

CLASSES = tuple("0123456789")
N_EPOCHS = 20


def make_workspace(
    root: Path,
    *,
    n: int = 10_000,
    n_suspects: int = 1_000,
    classes: tuple[str, ...] = CLASSES,
    size: int = 28,
    name: str = "glyphs",
    seed: int = 0,
) -> Workspace:
    """Make a git workspace with one dataset of n images and a build with n_suspects suspects."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, len(classes), n)
    given = true.copy()
    suspects = rng.permutation(n)[:n_suspects]
    given[suspects] = (true[suspects] + rng.integers(1, len(classes), n_suspects)) % len(classes)
    payloads = _pictures(true, size, rng)
    ids = [f"{i:05d}-{content_id(payload)[:8]}" for i, payload in enumerate(payloads)]
    splits = rng.choice(["train", "validation", "test"], n, p=[0.6, 0.15, 0.25])
    labels = [classes[i] for i in given]
    _write_dataset(root, name, classes, ids=ids, splits=splits, labels=labels, payloads=payloads)
    workspace = Workspace(root)
    trust(workspace)
    _write_build(
        workspace, name, classes,
        ids=ids, splits=splits, given=given, true=true, suspects=suspects, rng=rng,
    )  # fmt: skip
    return workspace


def _pictures(digits: np.ndarray, size: int, rng: np.random.Generator) -> list[bytes]:
    font = ImageFont.load_default(size * 0.9)
    glyphs = []
    for digit in range(max(10, int(digits.max()) + 1)):
        image = Image.new("L", (size, size))
        text = str(digit)[-2:]
        ImageDraw.Draw(image).text((size / 2, size / 2), text, fill=230, font=font, anchor="mm")
        glyphs.append(np.asarray(image, np.int16))
    found = []
    for digit in digits:
        noise = rng.integers(0, 60, (size, size))
        pixels = np.clip(glyphs[digit] + noise, 0, 255).astype(np.uint8)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
        found.append(stream.getvalue())
    return found


def _write_dataset(root: Path, name: str, classes, *, ids, splits, labels, payloads) -> None:
    folder = root / "datasets" / name
    (folder / "edits").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    write_text(root / "dvc.yaml", "stages: {}\n")
    write_text(root / "params.yaml", f"datasets: [{name}]\n")
    write_text(root / ".gitignore", "/.upwell/\n/builds/\n")
    write_text(
        folder / "dataset.toml",
        f'title = "Drawn glyphs"\nmodality = "image"\nclasses = {json.dumps(list(classes))}\n',
    )
    table = pa.table(
        {
            "example_id": ids,
            "split": pa.array(splits, pa.string()),
            "label": labels,
            "image": pa.array(payloads, pa.binary()),
        }
    )
    write_parquet(folder / "examples" / "part-000000000000.parquet", table, row_group_size=256)


def _write_build(workspace, name, classes, *, ids, splits, given, true, suspects, rng) -> None:
    n, k = len(ids), len(classes)
    build_id = "5" * 16
    folder = workspace.local_path / "builds" / name / build_id
    probs = rng.dirichlet(np.full(k, 0.25), n).astype(np.float32) * 0.2
    probs[np.arange(n), true] += 0.8
    p = np.sort(rng.uniform(0.55, 1, len(suspects)))[::-1]
    by_class = [np.flatnonzero(true == c) for c in range(k)]
    neighbors = [[ids[j] for j in rng.choice(by_class[true[i]], 10)] for i in suspects]
    table = pa.table(
        {
            "rank": pa.array(range(1, len(suspects) + 1), pa.int32()),
            "example_id": [ids[i] for i in suspects],
            "label": [classes[given[i]] for i in suspects],
            "suggested_label": [classes[true[i]] for i in suspects],
            "p_mislabeled": pa.array(p, pa.float32()),
            "loss": pa.array(rng.uniform(2, 6, len(suspects)), pa.float32()),
            "margin": pa.array(-p, pa.float32()),
            "mean_margin": pa.array(-p, pa.float32()),
            "el2n": pa.array(p, pa.float32()),
            "neighbor_agreement": pa.array(np.zeros(len(suspects)), pa.float32()),
            "reason": [
                f"looks like {classes[true[i]]}: 10 of its 10 nearest are {classes[true[i]]}, "
                f"never learnt as {classes[given[i]]} in {N_EPOCHS} epochs"
                for i in suspects
            ],
            "split": [splits[i] for i in suspects],
            "neighbors": neighbors,
        }
    )
    metadata = {"upwell.build_id": build_id}
    write_parquet(folder / "suspects.parquet", table, metadata=metadata)
    predictions = {
        "example_id": ids,
        "probs": pa.FixedSizeListArray.from_arrays(pa.array(probs.ravel()), k).cast(
            pa.list_(pa.float32())
        ),
        "predicted": [classes[i] for i in true],
        "loss": pa.array(-np.log(probs[np.arange(n), given] + 1e-6), pa.float32()),
    }
    write_parquet(folder / "predictions.parquet", pa.table(predictions), metadata=metadata)
    is_wrong = given != true
    level = np.where(is_wrong, -0.7, 0.9)[:, None]
    ramp = 1 - np.exp(-np.arange(N_EPOCHS) / 4)
    margins = np.clip(level * ramp + rng.normal(0, 0.08, (n, N_EPOCHS)), -1, 1)
    dynamics = {
        "example_id": np.tile(ids, N_EPOCHS),
        "epoch": pa.array(np.repeat(np.arange(1, N_EPOCHS + 1), n), pa.int16()),
        "loss": pa.array((2.3 * (1 - margins)).T.ravel(), pa.float32()),
        "margin": pa.array(margins.T.ravel(), pa.float32()),
    }
    write_parquet(folder / "dynamics.parquet", pa.table(dynamics), metadata=metadata)
    labels = {
        "example_id": ids,
        "label": [classes[i] for i in given],
        "split": splits,
        "is_excluded": np.zeros(n, bool),
        "n_edits": pa.array(np.zeros(n), pa.int32()),
        "annotator": pa.nulls(n, pa.string()),
        "is_conflict": np.zeros(n, bool),
    }
    write_parquet(
        folder / "labels.parquet", pa.table(labels, schema=schema.LABELS), metadata=metadata
    )
    for table_name, table_schema in (("issues", schema.ISSUES), ("slices", schema.SLICES)):
        write_parquet(
            folder / f"{table_name}.parquet", table_schema.empty_table(), metadata=metadata
        )
    write_parquet(folder / "edits.parquet", schema.EDITS.empty_table(), metadata=metadata)
    _write_facts(
        folder, name, classes,
        build_id=build_id, true=true, given=given, splits=splits, n_suspects=len(suspects),
    )  # fmt: skip


def _write_facts(folder, name, classes, *, build_id, true, given, splits, n_suspects) -> None:
    def share(value: float, n: int) -> dict[str, float]:
        half = 1.96 * (value * (1 - value) / max(n, 1)) ** 0.5
        return {"value": value, "low": max(0, value - half), "high": min(1, value + half)}

    entries = []
    for index, label in enumerate(classes):
        n = int(((given == index) & (splits == "test")).sum())
        value = 0.86 + 0.013 * (index % 10)
        entries.append(
            {
                "label": label, "split": "test", "n": n, "n_predicted": n,
                "precision": share(value, n), "recall": share(0.99 - 0.01 * (index % 10), n),
                "f1": value,
            }
        )  # fmt: skip
    n_test = int((splits == "test").sum())
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (given[splits == "test"], true[splits == "test"]), 1)
    write_json(
        folder / "metrics.json",
        {
            "build_id": build_id,
            "n_examples": len(true),
            "estimated_label_errors": n_suspects,
            "splits": {
                "test": {
                    "n": n_test, "accuracy": share(0.91, n_test), "macro_f1": 0.9, "loss": 0.4,
                }
            },
            "classes": entries,
            "confusion": {"test": {"classes": list(classes), "counts": counts.tolist()}},
        },
    )  # fmt: skip
    model = {"build_id": build_id, "classes": list(classes), "targets": "", "configuration": {}}
    write_json(folder / "model.json", model)
    write_json(
        folder / "build.json",
        {
            "build_id": build_id, "dataset": name, "finished_at": 1_790_000_000.0,
            "revision": None, "n_uncommitted_edits": 0, "edits_revision": "", "n_edits": 0,
            "seconds": 1.0, "compared_with": None,
        },
    )  # fmt: skip
