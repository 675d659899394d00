"""The network that was published in Keras, against the same layers in Keras itself."""

import math

import numpy as np
import pytest
import torch

from brainmtl.errors import InputError
from brainmtl.models.build import NetworkPart, build_network, parameter_counts

ENCODER = (8, 16, 32, 64, 128)
DECODER = (128, 64, 32, 16, 8)
MTL = {
    "encoder": {"name": "pooling", "widths": ENCODER},
    "decoder": {"name": "skipless", "widths": DECODER},
    "classifier": {"hidden": [128], "dropout": 0.5, "input_dropout": 0, "grid": 4},
    "conventions": "keras",
}


def build(parts=MTL):
    torch.manual_seed(0)
    return build_network(NetworkPart.model_validate(parts))


@pytest.fixture(scope="module")
def reference(keras):
    """Ferreira et al. 2024 in Keras, with masks and without."""
    layers = keras.layers
    given = x = layers.Input((128, 128, 1))
    for width in ENCODER:
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(layers.BatchNormalization()(x))
    dense = layers.Dropout(0.5)(layers.Dense(128, activation="relu")(layers.Flatten()(x)))
    classes = layers.Dense(4)(dense)
    for width in DECODER:
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.UpSampling2D(2)(layers.BatchNormalization()(x))
    masks = layers.Conv2D(1, 1)(x)
    return keras.Model(given, [masks, classes]), keras.Model(given, classes)


def test_the_published_counts(reference):
    published = (608_645, 362_020)
    both, alone = build(), build({**MTL, "decoder": None})
    assert tuple(model.count_params() for model in reference) == published
    assert tuple(parameter_counts(network)["parameters_keras"] for network in (both, alone)) == published


def copy_weights(model, network):
    """Give a network the weights of the Keras model, whose layers come in another order."""
    modules = {
        kind: [layer for layer in model.layers if type(layer).__name__ == kind]
        for kind in ("Conv2D", "BatchNormalization", "Dense")
    }
    convs = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    denses = [m for m in network.modules() if isinstance(m, torch.nn.Linear)]
    for layer, conv in zip(modules["Conv2D"], convs, strict=True):
        kernel, bias = layer.get_weights()
        conv.load_state_dict({"weight": torch.tensor(kernel).permute(3, 2, 0, 1), "bias": torch.tensor(bias)})
    names = ("weight", "bias", "running_mean", "running_var")
    for layer, norm in zip(modules["BatchNormalization"], norms, strict=True):
        state = {name: torch.tensor(value) for name, value in zip(names, layer.get_weights(), strict=True)}
        norm.load_state_dict(state, strict=False)
    for number, (layer, dense) in enumerate(zip(modules["Dense"], denses, strict=True)):
        kernel, bias = layer.get_weights()
        if number == 0:  # Keras flattens rows, columns, channels
            kernel = kernel.reshape(4, 4, 128, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
        dense.load_state_dict({"weight": torch.tensor(kernel).T, "bias": torch.tensor(bias)})


def test_it_computes_what_keras_computes(reference):
    model, network = reference[0], build()
    chance = np.random.default_rng(0)
    model.set_weights(
        [
            value + np.abs(chance.normal(0, 0.05, value.shape)).astype("float32")
            for value in model.get_weights()
        ]
    )
    copy_weights(model, network)
    images = torch.rand(2, 1, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = network.eval()(images)
        masks, classes = model(images.permute(0, 2, 3, 1), training=False)
    scale = max(masks.abs().max().item(), 1)
    torch.testing.assert_close(found.mask_logits, masks.permute(0, 3, 1, 2), atol=1e-4 * scale, rtol=1e-4)
    torch.testing.assert_close(found.class_logits, classes, atol=1e-4 * scale, rtol=1e-4)


def test_batch_norm_averages_as_keras_does(keras):
    network, layer = build(), keras.layers.BatchNormalization()
    norm = network.encoder.levels[0].layers[2].train()
    maps = torch.randn(4, 8, 32, 32, generator=torch.Generator().manual_seed(0)) * 3 + 1
    with torch.no_grad():
        expected = layer(maps.permute(0, 2, 3, 1), training=True).permute(0, 3, 1, 2)
        torch.testing.assert_close(norm(maps), expected, atol=1e-5, rtol=1e-5)
    mean, variance = (torch.tensor(value) for value in layer.get_weights()[2:])
    torch.testing.assert_close(norm.running_mean, mean)
    # Keras divides by n, torch (and TensorFlow's fused kernel) by n - 1.
    torch.testing.assert_close(norm.running_var, variance, rtol=1e-3, atol=0)


def test_weights_begin_as_glorot_uniform():
    network = build()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            size = module.weight[0, 0].numel()
            limit = math.sqrt(6 / (size * (module.weight.shape[0] + module.weight.shape[1])))
            largest = module.weight.abs().max().item()
            assert largest <= limit
            if module.weight.numel() > 1000:
                assert largest > 0.98 * limit
                assert module.weight.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.05)
            assert not module.bias.any()


def test_a_timm_network_has_its_own():
    with pytest.raises(InputError, match=r"network\.conventions"):
        build({"encoder": {"name": "resnet18"}, "classifier": {}, "conventions": "keras"})
