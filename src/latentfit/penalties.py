"""Penalties on critics, codes, decoders and masks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from latentfit.checks import UserError
from latentfit.networks import single


class _Kinked(TorchFunctionMode):
    """Inside, leaky ReLUs and ReLUs are written so that nobody asks for their second derivative.

    It is zero, but PyTorch multiplies that zero with every kernel below: a third of a penalty.
    """

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is functional.relu:
            return _kinked(*args[:1])
        if func is functional.leaky_relu:
            return _kinked(*args[:2], **{k: v for k, v in (kwargs or {}).items() if k != "inplace"})
        return func(*args, **(kwargs or {}))


def _kinked(input: Tensor, negative_slope: float = 0.0) -> Tensor:
    steep = (input.detach() > 0).to(input.dtype)
    if negative_slope:
        steep = steep * (1 - negative_slope) + negative_slope
    return input * steep


def _gradient(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient of each score with respect to its sample, shaped like x."""

    def total(r: Tensor) -> Tensor:
        with _Kinked():
            return critic(r).sum()

    return torch.func.grad(total)(x)


def slope(critic: Callable[[Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    r"""Gradient penalty of WGAN-GP on random segments between a and b.

    .. math:: \mathbb{E} (\|\nabla C(r)\|_2 - 1)^2, \quad r = t a + (1 - t) b, \; t \sim U[0, 1]

    Computed in float32 at least, through `torch.func.grad`, which compiles.

    Arguments:
        critic: From (B, *) to one score per sample; no batch norm.
        a: With shape (B, *).
        b: With shape (B, *).

    Returns:
        A scalar, at least 0.

    References:
        | Improved Training of Wasserstein GANs (Gulrajani et al., 2017), Eq. 3

    Example:
        >>> critic = nn.Linear(4, 1)
        >>> nn.init.constant_(critic.weight, 2.0) is critic.weight  # gradient norm 4 everywhere
        True
        >>> slope(critic, torch.zeros(3, 4), torch.ones(3, 4)).item()
        9.0
    """
    with torch.autocast(a.device.type, enabled=False):
        a, b = single(a), single(b)
        t = torch.rand(len(a), *[1] * (a.dim() - 1), device=a.device, dtype=a.dtype)
        gradient = _gradient(critic, t * a + (1 - t) * b)
        return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def squared_slope(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    r"""Mean squared gradient of a critic at data (R1).

    .. math:: \mathbb{E} \|\nabla C(x)\|_2^2

    Arguments:
        critic: From (B, *) to one score per sample; no batch norm.
        x: With shape (B, *).

    Returns:
        A scalar, at least 0.

    References:
        | Which Training Methods for GANs do actually Converge? (Mescheder et al., 2018), Eq. 9

    Example:
        >>> critic = nn.Linear(4, 1)
        >>> nn.init.constant_(critic.weight, 2.0) is critic.weight
        True
        >>> squared_slope(critic, torch.zeros(3, 4)).item()
        16.0
    """
    with torch.autocast(x.device.type, enabled=False):
        gradient = _gradient(critic, single(x))
        return gradient.square().flatten(1).sum(1).mean()


def code_norm(z: Tensor) -> Tensor:
    """Mean over the batch of the squared norm of the codes (B, m), a scalar."""
    return z.square().sum(1).mean()


def kernel_norm(decoder: nn.Module) -> Tensor:
    """Sum of the squared kernels of a decoder, a scalar, without biases and norms.

    These are the transposed convolutions, or the convolutions of a decoder that has no transposed
    ones, and all dense layers but the first, as RAE's public code has it for CelebA.

    Raises:
        UserError: The decoder has none of them.
    """
    dense = [layer.weight for layer in decoder.modules() if isinstance(layer, nn.Linear)]
    turned, plain = (
        [layer.weight for layer in decoder.modules() if isinstance(layer, kinds)]
        for kinds in (
            (nn.ConvTranspose1d, nn.ConvTranspose2d),
            (nn.Conv1d, nn.Conv2d),
        )
    )
    kernels = dense[1:] + (turned or plain)
    if not kernels:
        raise UserError(
            "the decoder has no kernels to penalise: convolutions, or dense layers after the first."
        )
    return torch.stack([kernel.square().sum() for kernel in kernels]).sum()


def decoder_slope(
    z: Tensor, decoder: nn.Module, mean: Callable[[Tensor], Tensor] = lambda raw: raw
) -> Tensor:
    r"""How much the decoder's output moves when codes move by a tenth of their deviation (RAE-GP).

    .. math:: \overline{\|D(z + 0.1 s w) - D(z)\|^2}
              \approx 0.01 \, s^2 \, \overline{\|J_D(z)\|_F^2}, \quad w \sim N(0, I), \;
              s^2 = \overline{\mathrm{Var}(z_j)}

    the squared Frobenius norm of the Jacobian in the mean over w (Hutchinson), by a difference: no
    second derivatives. The public code takes the gradient of the squared output instead, which is
    another penalty. Batch norm uses the batch and keeps its running statistics: in
    evaluation mode the networks learn to be flat there alone.

    Arguments:
        z: Codes, with shape (B, m).
        decoder: From codes to unbounded samples.
        mean: From unbounded samples to samples, a sigmoid for images.

    Returns:
        A scalar, mean over the batch, at least 0; its gradient does not reach s.
    """
    scale = z.detach().var(0).mean().sqrt()
    moved = z + 0.1 * scale * torch.randn_like(z)
    copies = {name: value.clone() for name, value in decoder.named_buffers()}
    here, there = (
        mean(torch.func.functional_call(decoder, copies, (code,))) for code in (z, moved)
    )
    return (there - here).square().flatten(1).sum(1).mean()


def masked_variance(codes: Tensor, mask: Tensor) -> Tensor:
    r"""Variance of the codes where the mask is closed (MaskAAE's V).

    .. math:: \overline{(E(x)_j - \overline{E(x)_j})^2 \exp(-10 \mu_j^2)}

    Arguments:
        codes: Unmasked codes, with shape (B, m).
        mask: mu, with shape (m,).

    Returns:
        A scalar: mean over batch and dimensions.
    """
    return ((codes - codes.mean(0)).square() * torch.exp(-10 * mask.square())).mean()


def masked_covariance(codes: Tensor, mask: Tensor) -> Tensor:
    r"""Absolute batch covariance of the codes where the mask is closed (LMGAE's form).

    .. math:: \frac{1}{m (1 + e)} \sum_{jk} w_j |\mathrm{Cov}_{jk}| w_k,
              \quad w_j = \exp(-10 \mu_j^2)

    The paper's formula is lost; its prose names the covariance matrix and a vector that is a
    function of mu, near 1 where mu is near 0. With uncorrelated codes and w in {0, 1} the sum over
    m is `masked_variance`; independent codes have covariances in a batch of B all the same, which
    add a share of :math:`e = \sqrt{2 / (\pi B)} \max(0, \sum_j w_j - 1)`, and are divided out.

    This reading is ours. Without the division by 1 + e the share that independent codes add would
    press the mask harder the more dimensions are closed.

    Arguments:
        codes: Unmasked codes, with shape (B, m).
        mask: mu, with shape (m,).

    Returns:
        A scalar, at least 0.
    """
    centred, w = codes - codes.mean(0), torch.exp(-10 * mask.square())
    noise = math.sqrt(2 / (math.pi * len(codes))) * (w.sum() - 1).clamp_min(0)
    return w @ (centred.T @ centred / len(codes)).abs() @ w / (len(w) * (1 + noise))


def undecided(mask: Tensor) -> Tensor:
    r"""How far a mask (m,) is from binary, :math:`\sum_j |\mu_j (1 - \mu_j)|`, a scalar."""
    return (mask * (1 - mask)).abs().sum()
