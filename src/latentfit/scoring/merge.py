"""Scores of several calls of `evaluate` in one record, each with what it was computed with."""

from __future__ import annotations

from typing import Any

from latentfit.scoring.metric import BESIDE

Scores = dict[str, Any]

OF = ("model_hash", "weights", "fingerprint")
"""What scores are of: others are scores of something else."""
WITH = ("count", "draws", "reference", "extractor", "extractor_hash", "seed")
"""What scores are computed with: others stand beside them, and say so."""


def merged(old: Scores, new: Scores) -> tuple[Scores, list[str]]:
    """New scores, and those of an earlier call that they leave as they were.

    Scores of the same model and data stay until they are computed again. Those that were computed
    with another count, seed or extractor are listed in `details` under `earlier`, in groups: what
    each was computed with, and `scores`, their names.

    Arguments:
        old: What `evaluate` gave before, or this function; may be empty.
        new: What `evaluate` gives now.

    Returns:
        Both, and the names of old scores that are dropped: of other weights or other data.

    Example:
        >>> common = {"model_hash": "a", "weights": "raw", "fingerprint": "b", "seed": 0}
        >>> old = {"fd_pixels": 1.0, "fd_pixels_sd": 0.1, "mse": 0.5, "details": common}
        >>> both, dropped = merged(old, {"mse": 0.4, "details": {**common, "seed": 1}})
        >>> both["mse"], both["fd_pixels"], both["details"]["earlier"][0]["scores"], dropped
        (0.4, 1.0, ['fd_pixels', 'fd_pixels_sd'], [])
    """
    before, now = old.get("details", {}), new["details"]
    left = {name: v for name, v in old.items() if name != "details" and not _again(name, new)}
    if any(before.get(key) != now[key] for key in OF if key in now):
        return new, list(left)
    made = {name: group for group in before.get("earlier", []) for name in group["scores"]}
    groups: list[Scores] = []
    for name in left:
        held = made.get(name, before)
        conditions = {key: held[key] for key in WITH if key in held}
        if conditions == {key: now[key] for key in WITH if key in now}:
            continue
        group = next((g for g in groups if conditions.items() <= g.items()), None)
        if group is None:
            groups.append(group := {**conditions, "scores": []})
        group["scores"].append(name)
    variants = {key: v for key, v in before.get("variants", {}).items() if key in left}
    details = now | {"variants": variants | now.get("variants", {})}
    if groups:
        details["earlier"] = groups
    order = dict.fromkeys((*old, *new))
    both = {name: new.get(name, left.get(name)) for name in order if name in left or name in new}
    del both["details"]
    return both | {"details": details}, []


def _again(name: str, new: Scores) -> bool:
    """Whether a score, or what it stands beside, is computed again."""
    bases = (name.removesuffix(suffix) for suffix in BESIDE if name.endswith(suffix))
    return name in new or any(base in new for base in bases)
