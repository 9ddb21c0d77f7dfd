"""Our AdamW is torch's, byte for byte, and spares the import of torch's compiler."""

from __future__ import annotations

import subprocess
import sys

import torch
from torch import nn
from torch.nn import functional

from models.adamw import AdamW


def _network() -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 3))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def test_a_hundred_steps_give_the_bytes_of_torch():
    ours, theirs = _network(), _network()
    inputs = torch.randn(64, 10, generator=torch.Generator().manual_seed(1))
    targets = torch.arange(64) % 3
    optimizer = AdamW(ours.parameters(), weight_decay=0.01)
    reference = torch.optim.AdamW(theirs.parameters(), weight_decay=0.01, foreach=True)
    for number in range(100):
        rate = 0.003 * (1 + number % 7)
        functional.cross_entropy(ours(inputs), targets).backward()
        optimizer.step(rate)
        reference.zero_grad()
        reference.param_groups[0]["lr"] = rate
        functional.cross_entropy(theirs(inputs), targets).backward()
        reference.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)


def test_training_does_not_import_the_compiler_of_torch():
    code = (
        "import sys, numpy as np; from models import build_model; from models.fit import fit\n"
        "model = build_model('small_cnn', n_classes=2, input_shape=(1, 8, 8), seed=0)\n"
        "images = np.arange(640, dtype=np.uint8).reshape(10, 1, 8, 8)\n"
        "fit(model, images, np.arange(10) % 2, np.ones(10, bool), epochs=1, batch_size=5,"
        " learning_rate=0.01, weight_decay=0.1, seed=0)\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
