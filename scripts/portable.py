"""The numerical tests under other instruction sets and thread counts: `python scripts/portable.py`.

What a test allows must follow from an error bound, not from the rounding of one processor. PyTorch,
oneDNN, MKL and OpenBLAS choose their kernels by the processor; here they are told to choose as an
older one would.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
OLD = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Nehalem",
}
MACHINES: dict[str, dict[str, str]] = {
    "this processor, one thread": {"OMP_NUM_THREADS": "1"},
    "this processor, two threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    "SSE, one thread": {**OLD, "OMP_NUM_THREADS": "1"},
    "SSE, two threads": {**OLD, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    "AVX, one thread": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "AVX",
        "MKL_CBWR": "AVX",
        "OPENBLAS_CORETYPE": "Sandybridge",
        "OMP_NUM_THREADS": "1",
    },
    "AVX2, one thread": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_CBWR": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "OMP_NUM_THREADS": "1",
    },
}
# Layers are no numbers.
TESTS = ["tests/quick", "tests/test_scores.py", "--ignore=tests/quick/test_layers.py"]


def main() -> None:
    """Run the tests for each machine; the exit code is 1 where one fails."""
    failed = 0
    for name, settings in MACHINES.items():
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=short", *TESTS],
            cwd=ROOT,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
        )
        failed += done.returncode != 0
        last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr[-200:]
        seconds = time.monotonic() - began
        print(f"{'passed' if done.returncode == 0 else 'FAILED'}  {name}: {last} ({seconds:.0f} s)")
        if done.returncode:
            print(done.stdout[-4000:])
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
