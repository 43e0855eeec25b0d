"""Quick tests compute in float64, so that what they allow is far above rounding on any machine."""

from __future__ import annotations

import pytest
import torch

from contract import in_double


@pytest.fixture(autouse=True)
def double():
    with in_double():
        yield


@pytest.fixture
def single():
    """Runs are played in float32, as people play them."""
    torch.set_default_dtype(torch.float32)
