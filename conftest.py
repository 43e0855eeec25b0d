"""What every test and every example of a docstring needs."""

from __future__ import annotations

import os

# Before torch is imported: tests run side by side, and threads that wait for one another crawl.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

# Lightning takes seconds to import, in every process: tests/test_lightning.py runs its example.
collect_ignore = ["src/latentfit/lightning.py"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features that one test keeps are not read by another, nor by the person's own runs."""
    monkeypatch.setenv("LATENTFIT_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def same_draws() -> None:
    """A test draws the same whichever came before it."""
    torch.manual_seed(0)
