"""The second training of compile: shorter, on part of the labels, for the ranking alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from ide.dataset.config import DatasetConfig
from ide.dataset.second_look import SecondLook, plan_second_look, second_epochs, second_seed
from ide.dataset.signals import Training, raw_neighbors_of
from ide.store.workspace import Workspace
from models import build_model
from models.fit import Epoch, TrainingRecord, fit
from models.predict import Predictions, predict
from pipelines.features import read_raw_features
from pipelines.model_facts import training_options
from pipelines.second_look_table import second_look_table
from pipelines.training_data import TrainingData


def train_second_look(
    workspace: Workspace,
    config: DatasetConfig,
    data: TrainingData,
    *,
    record: TrainingRecord,
    predictions: Predictions,
    on_epoch: Callable[[Epoch], None],
) -> pa.Table:
    """Plan, train and return ``schema.SECOND_LOOK``. record, predictions: of the first training."""
    look = _plan(workspace, config, data, training(record, predictions))
    model_config = replace(
        config.model,
        epochs=second_epochs(config.model.epochs),
        seed=second_seed(config.model.seed),
    )
    model = build_model(
        model_config.architecture,
        n_classes=len(config.classes),
        input_shape=data.images.shape[1:],
        seed=model_config.seed,
    )
    again = fit(
        model,
        data.images,
        look.labels,
        look.is_train,
        **training_options(replace(config, model=model_config)),
        on_epoch=on_epoch,
    )
    return second_look_table(data.ids, look, training(again, predict(model, data.images)))


def training(record: TrainingRecord | None, predictions: Predictions) -> Training:
    """Put a record and its predictions together, as the ranking takes them."""
    assert record is not None
    return Training(
        probs=predictions.probs,
        mean_probs=record.mean_probs,
        losses=record.losses,
        margins=record.margins,
        el2n=record.el2n,
        embeddings=predictions.embeddings,
    )


def _plan(
    workspace: Workspace, config: DatasetConfig, data: TrainingData, first: Training
) -> SecondLook:
    rows = np.flatnonzero(data.is_listed)
    raw = raw_neighbors_of(read_raw_features(workspace, config), data.is_candidate)
    run = first.of(rows, data.labels, is_candidate=data.is_candidate, raw_neighbors=raw)
    return plan_second_look(
        run, rows=rows, labels=data.labels, is_train=data.is_train, seed=config.model.seed
    )
