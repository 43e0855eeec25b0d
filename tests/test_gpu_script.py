"""The one command for whoever has a GPU, played without one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts" / "gpu.py"


def test_every_step_writes_its_lines(tmp_path):
    words = ["--device", "cpu", "--minutes", "9", "--recipes", "wae-wgan", "--width", "0.01",
             "--only", "equality", "speed", "--seconds", "0.1", "--quick",
             "--to", str(tmp_path)]  # fmt: skip
    done = subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    held = {
        path.stem: [json.loads(line) for line in path.read_text().splitlines()]
        for path in tmp_path.iterdir()
    }
    assert [line["ended"] for line in held["machine"][1:]] == ["ended with 0"] * 2
    assert held["equality"] == [{"recipe": "wae-wgan", "same": True, "most": 0.0, "told": []}]
    assert all(line["rounds_per_second"] > 0 for line in held["speed"])


def test_a_step_that_takes_too_long_is_stopped_and_said(tmp_path):
    words = ["--device", "cpu", "--minutes", "0.02", "--only", "equality", "--to", str(tmp_path)]
    subprocess.run([sys.executable, str(SCRIPT), *words], check=True, capture_output=True)
    last = json.loads((tmp_path / "machine.jsonl").read_text().splitlines()[-1])
    assert "was stopped after" in last["ended"]
