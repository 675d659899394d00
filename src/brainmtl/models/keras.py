"""The conventions of Keras, for networks that were published in it."""

from torch import nn

NORM_EPSILON = 1e-3
NORM_MOMENTUM = 0.99
"""The share of the running statistics that stays; torch names the share that goes."""


def follow_keras(network: nn.Module) -> None:
    """Begin and average as Keras's layers do by default.

    Kernels are drawn from ``glorot_uniform`` (Glorot and Bengio 2010), biases are zero, batch norm has ε 1e-3
    and momentum .99.

    Args:
        network: changed in place.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.eps, module.momentum = NORM_EPSILON, 1 - NORM_MOMENTUM
