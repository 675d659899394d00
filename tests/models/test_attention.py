"""The attention gate against Oktay's equation in NumPy."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.models.attention import AttentionGate


def folded(conv, norm):
    """A 1×1 convolution and the batch norm after it, in eval mode, as one matrix and one bias."""
    scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().numpy()
    matrix = conv.weight.detach().numpy()[:, :, 0, 0] * scale[:, None]
    return matrix, norm.bias.detach().numpy() - norm.running_mean.numpy() * scale


def lived(skip, gate, seed):
    torch.manual_seed(seed)
    module = AttentionGate(skip, gate).double().eval()
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(norm.weight)
            torch.nn.init.normal_(norm.bias)
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
    return module


@given(skip=st.integers(1, 7), gate=st.integers(1, 7), seed=st.integers(0, 99))
def test_equation_1(skip, gate, seed):
    module = lived(skip, gate, seed)
    x, g = torch.randn(2, skip, 3, 5).double(), torch.randn(2, gate, 3, 5).double()
    of_x, of_g, psi = (folded(*part) for part in (module.of_skip, module.of_gate, module.weight))
    hidden = np.einsum("ic,bchw->bihw", of_x[0], x) + np.einsum("ic,bchw->bihw", of_g[0], g)
    hidden = np.maximum(hidden + (of_x[1] + of_g[1])[None, :, None, None], 0)
    alpha = 1 / (1 + np.exp(-(np.einsum("oi,bihw->bohw", psi[0], hidden) + psi[1][None, :, None, None])))
    with torch.inference_mode():
        np.testing.assert_allclose(module(x, g).numpy(), x.numpy() * alpha, atol=1e-10)


def test_the_weight_lies_between_nothing_and_all():
    module, x = lived(4, 6, 0), torch.rand(3, 4, 8, 8).double() + 0.1
    with torch.inference_mode():
        share = module(x, torch.randn(3, 6, 8, 8).double()) / x
    assert 0 < share.min() < share.max() < 1
    torch.testing.assert_close(share, share[:, :1].expand_as(share))
