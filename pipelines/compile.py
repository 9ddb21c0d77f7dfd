"""compile: labels into a network, keeping what training learns of every example on the way."""

from __future__ import annotations

import time
from typing import Any

from ide.dataset.config import DatasetConfig
from ide.dataset.errors import BuildError
from ide.dataset.second_look import second_epochs
from ide.store.content_name import examples_name
from ide.store.files import write_bytes, write_json, write_parquet
from ide.store.progress import report_progress
from ide.store.workspace import Workspace
from models import build_model
from models.checkpoint import to_bytes
from models.fit import Epoch, fit
from models.predict import predict
from pipelines.model_facts import build_id, build_inputs, model_facts, training_options
from pipelines.second_look import train_second_look
from pipelines.stage import run_stage
from pipelines.training_data import read_training_data
from pipelines.training_tables import dynamics_table, predictions_table


def compile_(workspace: Workspace, name: str) -> None:
    """Train; write the network, its training record, its predictions and the second look."""
    config = workspace.config(name)
    data = read_training_data(workspace, config)
    inputs = build_inputs(config, data, examples=examples_name(workspace, name))
    progress = _Progress(config)
    try:
        model = build_model(
            config.model.architecture,
            n_classes=len(config.classes),
            input_shape=data.images.shape[1:],
            seed=config.model.seed,
        )
        record = fit(
            model,
            data.images,
            data.labels,
            data.is_train,
            **training_options(config),
            on_epoch=progress.first,
        )
        predictions = predict(model, data.images)
        second_look = train_second_look(
            workspace,
            config,
            data,
            record=record,
            predictions=predictions,
            on_epoch=progress.second_look,
        )
    except ValueError as error:
        advice = f"See classes and [model] in datasets/{name}/dataset.toml."
        raise BuildError(f"{name!r} cannot be compiled: {error} {advice}") from error
    build, metadata = workspace.build_path(name), {"upwell.build_id": build_id(inputs)}
    write_parquet(build / "dynamics.parquet", dynamics_table(data, record), metadata=metadata)
    table = predictions_table(data, record, predictions, config.classes)
    write_parquet(build / "predictions.parquet", table, metadata=metadata)
    write_parquet(build / "second_look.parquet", second_look, metadata=metadata)
    write_bytes(build / "model.safetensors", to_bytes(model))
    facts = model_facts(config, data, model, inputs=inputs, last=progress.epochs[-1])
    write_json(build / "model.json", facts)


class _Progress:
    """Tells the watchers of each epoch: how far, how good, how long still."""

    def __init__(self, config: DatasetConfig) -> None:
        self.dataset, self.epochs = config.name, list[Epoch]()
        self.n_first = config.model.epochs
        self.n_steps = self.n_first + second_epochs(self.n_first)
        self.start = time.monotonic()

    def first(self, epoch: Epoch) -> None:
        """Take an epoch of the training that makes the network."""
        self.epochs.append(epoch)
        self._report(
            epoch.number,
            epoch=epoch.number,
            n_epochs=epoch.n_epochs,
            loss=epoch.loss,
            accuracy=epoch.held_out_accuracy,
        )

    def second_look(self, epoch: Epoch) -> None:
        """Take an epoch of the second look."""
        self._report(self.n_first + epoch.number, message="a second look at the labels")

    def _report(self, step: int, **values: Any) -> None:
        left = (time.monotonic() - self.start) / step * (self.n_steps - step)
        report_progress(
            "compile",
            step=step,
            n_steps=self.n_steps,
            dataset=self.dataset,
            seconds_left=round(left, 2),
            **values,
        )


if __name__ == "__main__":
    run_stage("compile", compile_)
