"""Gaussian mixture, fitted to codes after training (ex-post density estimation)."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.priors.base import Fitted
from latentfit.seeds import mix

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class GaussianMixture(Fitted):
    r"""Mixture of full-covariance Gaussians, by scikit-learn's EM on standardised codes.

    .. math:: p(z) = \sum_k \pi_k \, N(z; \mu_k, \Sigma_k)

    Arguments:
        latent: Number of dimensions m.
        components: Number of Gaussians K; 10 in the papers, 1 is a single Gaussian.

    References:
        | From Variational to Deterministic Autoencoders (Ghosh et al., 2020), Section 4.1

    Example:
        >>> prior = GaussianMixture(2, components=1)
        >>> prior.fit(torch.tensor([[0.0, 4.0], [2.0, 8.0], [0.0, 8.0], [2.0, 4.0]]))
        >>> prior.means
        tensor([[1., 6.]])
    """

    weights: Tensor
    means: Tensor
    factors: Tensor

    def __init__(self, latent: int, *, components: int = 10) -> None:
        super().__init__()
        self.register_buffer("weights", torch.zeros(components))
        self.register_buffer("means", torch.zeros(components, latent))
        self.register_buffer("factors", torch.zeros(components, latent, latent))

    def fit(self, codes: Tensor, *, seed: int = 0) -> None:
        """Fit by EM from k-means: tolerance 1e-3, at most 2,000 steps, ridge 1e-6.

        Arguments:
            codes: With shape (N, m), N at least the number of components.
            seed: Of the k-means start.

        Raises:
            UserError: There are fewer codes than components.
        """
        from sklearn.mixture import GaussianMixture as Expectation

        held = codes.detach().double().cpu()
        components = len(self.weights)
        if len(held) < components:
            raise UserError(
                f"a mixture of {components} components needs at least as many codes, "
                f"got {len(held)}; use more data."
            )
        # EM's ridge and stopping rule are absolute, so the codes are brought to unit deviation.
        shift, scale = held.mean(0), held.std(0).clamp_min(1e-12)
        expectation = Expectation(
            components, tol=1e-3, max_iter=2000, random_state=mix(seed) % 2**32
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # says that codes repeat; the fit is still the best one
            expectation.fit(((held - shift) / scale).numpy())
        covariances = torch.as_tensor(expectation.covariances_) * scale[:, None] * scale
        self.weights.copy_(torch.as_tensor(expectation.weights_))
        self.means.copy_(torch.as_tensor(expectation.means_) * scale + shift)
        self.factors.copy_(torch.linalg.cholesky(covariances))

    def log_density(self, z: Tensor) -> Tensor:
        """Log p(z) in nats of codes (B, m), with shape (B,).

        Raises:
            UserError: It is not fitted yet.
        """
        self._must_be_fitted()
        apart = (z[:, None] - self.means).permute(1, 2, 0)  # (K, m, B)
        u = torch.linalg.solve_triangular(self.factors, apart, upper=False)
        volume = self.factors.diagonal(dim1=1, dim2=2).log().sum(1) + z.shape[1] * HALF_LOG_2PI
        parts = self.weights.log()[:, None] - volume[:, None] - 0.5 * u.square().sum(1)
        return parts.logsumexp(0)

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m).

        Raises:
            UserError: It is not fitted yet.
        """
        self._must_be_fitted()
        pick = torch.multinomial(self.weights, n, replacement=True)
        noise = torch.randn(n, self.means.shape[1], 1, device=self.means.device)
        return self.means[pick] + (self.factors[pick] @ noise).squeeze(-1)

    def _must_be_fitted(self) -> None:
        if not bool(self.weights.sum() > 0):
            raise UserError("the mixture is not fitted yet; finish training first.")
