"""Evidence of a latent size, made up."""

from __future__ import annotations


def near(rebuilt, raw=None, **more):
    """What neighbours say: at every scale the same."""
    curve, smooth = (
        {} if n is None else {"5": n, "20": n, "80": n} for n in (raw or rebuilt, rebuilt)
    )
    return {"samples": 1000, "copies": 0, "entries": 128, "curve": curve, "latent": 16,
            "rebuilt": smooth, "error": 0.05, "parts": [], **more}  # fmt: skip


def evidence(neighbours, masks=(), check=()):
    """What an answer rests on."""
    return {"neighbours": neighbours, "spectral_95": 20, "max_latent": 64, "spread": None,
            "masks": list(masks), "check": list(check), "mask_seconds": 90.0, "seconds": 1.0,
            "core_seconds": 1.0}  # fmt: skip


def mask_of(active, failed=""):
    """A run of the mask from 16 dimensions."""
    return {"latent": 16, "seed": 0, "active": active, "half_open": 0, "failed": failed}


def checked(latent, fd, lost):
    """A short training."""
    return {"latent": latent, "fd": fd, "lost": lost, "fd_reconstruction": fd, "seconds": 9.0}
