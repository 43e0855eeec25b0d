"""Scores of class probabilities: the inception score and its classifier form."""

from __future__ import annotations

from latentfit.checks import UserError, within
from latentfit.metrics.matrix import Features, matrix
from latentfit.metrics.spread import Estimate


def inception_score(logits: Features, *, splits: int = 10) -> Estimate:
    r"""Exponential of the mutual information between sample and predicted label.

    .. math:: \exp \; \overline{\mathrm{KL}(p(y | x) \,\|\, p(y))}, \quad p(y) = \overline{p(y|x)}

    Computed for each of `splits` equal parts, in the order given. It sees sharpness and evenness of
    the classes, not whether the samples look like the data. On logits of the Inception network it
    is the inception score; on those of another classifier call it a classifier score.

    Arguments:
        logits: With shape (N, C), N at least `splits`.
        splits: Number of parts.

    Returns:
        Mean, between 1 and C, and standard deviation over the parts.

    Raises:
        UserError: `splits` is not in 1 to N, or logits are no matrix or hold NaN or infinity.

    References:
        | Improved Techniques for Training GANs (Salimans et al., 2016), Section 4

    Example:
        >>> import torch
        >>> round(inception_score(100 * torch.eye(4), splits=1).value, 6)
        4.0
    """
    within("splits", splits, 1)
    held = matrix(logits, what="logits").log_softmax(1)
    if len(held) < splits:
        raise UserError(f"{splits} splits need as many samples, got {len(held)}.")
    scores = []
    for part in held.tensor_split(splits):
        marginal = part.exp().mean(0, keepdim=True).log()
        # A class that no sample has counts nothing: 0 log 0 = 0.
        gain = (part.exp() * (part - marginal)).nan_to_num(0.0)
        scores.append(float(gain.sum(1).mean().exp()))
    return Estimate.of(scores)
