"""compile: labels into a network, keeping what training learns of every example on the way."""

from __future__ import annotations

import time
from collections.abc import Callable

from ide.dataset.config import DatasetConfig
from ide.dataset.errors import BuildError
from ide.store.files import write_bytes, write_json, write_parquet
from ide.store.progress import report_progress
from ide.store.workspace import Workspace
from models import build_model
from models.checkpoint import to_bytes
from models.fit import Epoch, fit
from models.predict import predict
from pipelines.model_facts import build_id, model_facts, training_options
from pipelines.stage import run_stage
from pipelines.training_data import read_training_data
from pipelines.training_tables import dynamics_table, predictions_table


def compile_(workspace: Workspace, name: str) -> None:
    """Train; write ``model.safetensors``, ``model.json``, ``dynamics``, ``predictions.parquet``."""
    config = workspace.config(name)
    data = read_training_data(workspace, config)
    identity = build_id(config, data)
    epochs: list[Epoch] = []
    try:
        model = build_model(
            config.model.architecture,
            n_classes=len(config.classes),
            input_shape=data.images.shape[1:],
            seed=config.model.seed,
        )
        on_epoch = _reporter(config, epochs)
        record = fit(
            model,
            data.images,
            data.labels,
            data.is_train,
            **training_options(config),
            on_epoch=on_epoch,
        )
        predictions = predict(model, data.images)
    except ValueError as error:
        advice = f"See classes and [model] in datasets/{name}/dataset.toml."
        raise BuildError(f"{name!r} cannot be compiled: {error} {advice}") from error
    build, metadata = workspace.build_path(name), {"upwell.build_id": identity}
    write_parquet(build / "dynamics.parquet", dynamics_table(data, record), metadata=metadata)
    table = predictions_table(data, record, predictions, config.classes)
    write_parquet(build / "predictions.parquet", table, metadata=metadata)
    write_bytes(build / "model.safetensors", to_bytes(model))
    facts = model_facts(config, data, model, build_id=identity, last=epochs[-1])
    write_json(build / "model.json", facts)


def _reporter(config: DatasetConfig, epochs: list[Epoch]) -> Callable[[Epoch], None]:
    """Return what tells the watchers of each epoch: how far, how good, how long still."""
    start = time.monotonic()

    def on_epoch(epoch: Epoch) -> None:
        epochs.append(epoch)
        per_epoch = (time.monotonic() - start) / epoch.number
        report_progress(
            "compile",
            step=epoch.number,
            n_steps=epoch.n_epochs,
            dataset=config.name,
            epoch=epoch.number,
            n_epochs=epoch.n_epochs,
            loss=epoch.loss,
            accuracy=epoch.held_out_accuracy,
            seconds_left=round(per_epoch * (epoch.n_epochs - epoch.number), 2),
        )

    return on_epoch


if __name__ == "__main__":
    run_stage("compile", compile_)
