"""Networks, by name, and what is done with them: fit, predict, save, load.

torch, numpy, pillow and safetensors only; nothing of Upwell's, so that a compiled network can be
used without it.
"""

from models import mlp as _mlp  # noqa: F401  (registers itself)
from models import small_cnn as _small_cnn  # noqa: F401
from models.registry import ARCHITECTURES, architecture, build_model

__all__ = ["ARCHITECTURES", "architecture", "build_model"]
