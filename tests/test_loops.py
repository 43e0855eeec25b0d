"""The page on trackers and other loops runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "loops.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
pytestmark = [
    pytest.mark.xdist_group("lightning"),  # imported once, and one block after the other
    pytest.mark.filterwarnings("ignore"),  # of the other packages
]


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """What the blocks before have left, in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("loops"))
        yield {}


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(number, held):
    block = BLOCKS[number]
    for package in ("lightning", "accelerate", "mlflow"):
        if re.search(rf"from {package}\b|\"{package}\"", block):
            pytest.importorskip(package, reason=f"{package} is not installed")
    exec(compile(block, f"loops.md, block {number}", "exec"), held)


def test_the_page_has_them_all():
    text = "".join(BLOCKS)
    assert len(BLOCKS) == 7
    assert all(
        name in text for name in ("on_log", "lf.track", "GameModule", "Fabric", "Accelerator")
    )
