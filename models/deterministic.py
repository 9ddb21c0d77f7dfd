"""The same inputs give the same bytes: torch's switches for that, set and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def deterministic(n_threads: int = 1) -> Iterator[None]:
    """Allow only deterministic algorithms, on ``n_threads`` threads, and restore both after.

    One thread by default: beside other load, two threads made a small network six times slower,
    and a sum split over threads depends on their number.
    """
    was_deterministic = torch.are_deterministic_algorithms_enabled()
    was_filling = torch.utils.deterministic.fill_uninitialized_memory
    n_threads_before = torch.get_num_threads()
    # Filling fresh memory with NaN guards against kernels that read it; it costs 9 % here, and
    # the tests compare bytes.
    torch.utils.deterministic.fill_uninitialized_memory = False
    # what torch.use_deterministic_algorithms does, less importing torch's compiler (1 s) to tell it
    torch._C._set_deterministic_algorithms(True)
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch._C._set_deterministic_algorithms(was_deterministic)
        torch.utils.deterministic.fill_uninitialized_memory = was_filling
        torch.set_num_threads(n_threads_before)
