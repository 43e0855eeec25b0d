"""What the codes of a model say: how many dimensions they use, how far they are from the prior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from latentfit import metrics
from latentfit.models import Model
from latentfit.posteriors import Code
from latentfit.seeds import seeded

KL_LEAST = 0.01  # nats that a dimension must carry to count


def of_codes(model: Model, posterior: Code, seed: int, groups: Sequence[str]) -> dict[str, Any]:
    """Correlation of codes and active dimensions, and what the groups ask for.

    `latent`: how far codes are from the prior; `dimension`: how many dimensions they fill.
    The distances are about the aggregated posterior, so there each code is a draw; elsewhere its
    mean.
    """
    posterior = posterior.to("cpu")
    codes = posterior.centre()
    mask = getattr(model, "mask", None)
    active = open_dimensions(codes, None if mask is None else mask().cpu())
    scores: dict[str, Any] = {
        "nac": metrics.nac(codes, active=active),
        "nac_covariance": metrics.nac(codes, active=active, form="covariance"),
        "active": int(active.sum()),
        "latent": model.latent,
    }
    if "latent" in groups:
        scores |= _against_prior(model, posterior, active, seed)
    if "dimension" in groups:
        scores |= _dimension(posterior, seed)
    return scores


def _against_prior(model: Model, posterior: Code, active: Tensor, seed: int) -> dict[str, Any]:
    codes = posterior.centre()
    scores: dict[str, Any] = {"active_units": metrics.active_units(codes)}
    if not bool(active.any()):
        return scores
    with seeded(seed, "prior"):
        drawn, spread = model.prior.sample(len(codes)).cpu(), posterior.sample().cpu()
    # Closed dimensions count nothing: a masked prior's noise there is not a mismatch.
    drawn, spread = drawn[:, active], spread[:, active]
    scale = spread.var(0).mean().sqrt().clamp_min(1e-12)
    return scores | {
        "non_normality": float(metrics.non_normality(codes)[active].mean()),
        "prior_sliced_wasserstein": metrics.sliced_wasserstein(spread / scale, drawn / scale),
        "prior_wasserstein": metrics.critic_wasserstein(spread, drawn, seed=seed),
    }


def _dimension(posterior: Code, seed: int) -> dict[str, Any]:
    codes = posterior.centre()
    scores: dict[str, Any] = {"code_spectral_95": metrics.spectral_dimension(codes)}
    if type(posterior) is Code and posterior.scale is not None:  # not the base of a flow
        profile = metrics.kl_profile(posterior.mean, posterior.scale)
        scores["kl_dimensions"] = int((profile > KL_LEAST).sum())
    if len(codes.unique(dim=0)) >= 200:
        found = metrics.intrinsic_dimension(codes, repeats=5, seed=seed)
        scores |= {
            "code_dimension": found.value,
            "code_dimension_low": found.low,
            "code_dimension_high": found.high,
        }
    return scores


def open_dimensions(codes: Tensor, mask: Tensor | None) -> Tensor:
    """Which dimensions carry anything, booleans with shape (m,).

    With a mask: where it is at least 0.1 [authors' code]. Without: where the codes' variance is at
    least a hundredth of the largest; a collapsed dimension of a VAE falls below.
    """
    if mask is not None:
        return mask >= 0.1
    variance = codes.var(0)
    return variance >= 0.01 * variance.max()
