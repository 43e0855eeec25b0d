"""Quick tests compute in float64, so that what they allow is far above rounding on any machine."""

from __future__ import annotations

import pytest

from contract import in_double


@pytest.fixture(autouse=True)
def double():
    with in_double():
        yield
