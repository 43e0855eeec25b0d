"""What every test needs."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Features that one test keeps are not read by another, nor by the person's own runs."""
    monkeypatch.setenv("LATENTFIT_CACHE", str(tmp_path_factory.mktemp("cache")))
