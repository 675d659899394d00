"""One suite that every composition passes."""

import copy
import io

import numpy as np
import onnxruntime
import pytest
import torch

from brainmtl.errors import InputError
from brainmtl.models.build import NetworkPart, build_network
from brainmtl.training.export import Probabilities

ENCODERS = (
    "mobilenetv2_100",
    "efficientnet_b0",
    "tf_efficientnet_lite0",
    "resnet34",
    "resnet50",
    "densenet121",
)
PLAIN = {"widths": [4, 8, 12]}
COMPOSITIONS = {
    "unet": {"encoder": PLAIN, "decoder": {"widths": [8, 4]}},
    "transposed": {"encoder": PLAIN, "decoder": {"widths": [8, 4], "upsampling": "transposed"}},
    "attention": {"encoder": PLAIN, "decoder": {"widths": [8, 4], "attention": True}},
    "unet+class": {"encoder": PLAIN, "decoder": {"widths": [8, 4]}, "classifier": {}},
    "attention+class": {
        "encoder": PLAIN,
        "decoder": {"widths": [8, 4], "attention": True, "upsampling": "transposed"},
        "classifier": {"hidden": [16], "dropout": 0.3},
    },
    "plain classifier": {"encoder": PLAIN, "classifier": {}},
    "pooling+class": {
        "encoder": {**PLAIN, "name": "pooling"},
        "decoder": {"name": "skipless", "widths": [12, 8, 4]},
        "classifier": {"hidden": [16], "dropout": 0.3, "input_dropout": 0, "grid": 2},
        "conventions": "keras",
    },
    "half unet": {"encoder": PLAIN, "decoder": {"widths": [8], "stride": 2}},
    "deep unet": {"encoder": PLAIN, "decoder": {"widths": [8, 4], "deep_supervision": True}},
    "lesion+class": {
        "encoder": PLAIN,
        "decoder": {"widths": [8, 4]},
        "classifier": {"lesion": True, "hidden": [8], "grid": 2},
    },
    "deep gated lesion": {
        "encoder": PLAIN,
        "decoder": {"widths": [8], "stride": 2, "deep_supervision": True},
        "classifier": {"lesion": True},
        "gated": True,
    },
    "mobilevit_xxs joint": {
        "encoder": {"name": "mobilevit_xxs"},
        "decoder": {"widths": [16, 12, 8, 8], "stride": 2},
        "classifier": {},
    },
    "pooling unet": {"encoder": {**PLAIN, "name": "pooling"}, "decoder": {"widths": [12, 8, 4]}},
    "whole mobilenetv2_100": {"encoder": {"name": "mobilenetv2_100"}, "classifier": {"whole": True}},
    "whole resnet34": {"encoder": {"name": "resnet34"}, "classifier": {"whole": True, "dropout": 0.3}},
    "coarse joint": {
        "encoder": {"name": "test_convnext"},
        "decoder": {"widths": [8, 8, 8], "stride": 4},
        "classifier": {},
    },
}
for _name in ENCODERS:
    _decoder = {"widths": [16, 12, 8, 8, 4], "attention": _name == "resnet34"}
    COMPOSITIONS |= {
        f"{_name} joint": {"encoder": {"name": _name}, "decoder": _decoder, "classifier": {"dropout": 0.2}},
        f"{_name} segmentation": {"encoder": {"name": _name}, "decoder": _decoder},
        f"{_name} classification": {"encoder": {"name": _name}, "classifier": {}},
    }
EXPORTED = (
    "unet+class",
    "attention+class",
    "pooling+class",
    "whole resnet34",
    "coarse joint",
    "deep gated lesion",
    "mobilevit_xxs joint",
    "resnet34 joint",
    "densenet121 joint",
)
"""tests/test_every_recipe.py exports the graph of every recipe, and so the other encoders."""


def build(name, seed=0):
    torch.manual_seed(seed)
    return build_network(NetworkPart.model_validate(COMPOSITIONS[name]))


def slices(count, side, seed=1, width=None):
    return torch.rand(count, 1, side, width or side, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module", params=COMPOSITIONS)
def name(request):
    return request.param


def lived(name):
    """In eval mode, with the batch statistics of noise, and no branch that begins at zero as timm's may."""
    network = build(name).train()
    with torch.no_grad():
        for label, parameter in network.named_parameters():
            if parameter.ndim == 1 and not label.endswith("bias"):
                parameter.normal_(1, 0.1)
        for seed in range(2):
            network(slices(3, 64, seed))
    return network.eval()


@pytest.fixture(scope="module")
def network(name):
    return lived(name)


@pytest.fixture(scope="module")
def side(network):
    """The smallest side that the network takes; for a whole timm network, one it takes."""
    return getattr(network, "stride", 32)


def close(found, expected, atol=1e-5):
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, atol=atol, rtol=1e-4)


@torch.inference_mode()
def test_shapes_at_the_smallest_size(network, name, side):
    part = NetworkPart.model_validate(COMPOSITIONS[name])
    for width in (side, 2 * side):
        outputs = network(slices(2, side, width=width))
        masks, classes = outputs.mask_logits, outputs.class_logits
        assert (masks is None) == (part.task == "classification")
        assert (classes is None) == (part.task == "segmentation")
        assert masks is None or masks.shape == (2, 1, side, width)
        assert classes is None or classes.shape == (2, 4)


def test_gradients_reach_every_parameter(network):
    trained = copy.deepcopy(network).train()
    outputs = trained(slices(4, 64))
    sum(output.square().mean() for output in outputs if output is not None).backward()
    for label, parameter in trained.named_parameters():
        assert parameter.requires_grad, label
        assert parameter.grad is not None, label
        assert torch.isfinite(parameter.grad).all(), label
        assert parameter.grad.abs().sum() > 0, label


def test_a_size_it_cannot_take(network, side):
    if not hasattr(network, "stride"):
        pytest.skip("timm's own networks pool whatever is left")
    for height, width in ((side + 1, side), (side, side + side // 2)):
        with pytest.raises(InputError, match=rf"data\.size: slices of {width}×{height} pixels .*of {side}\)"):
            network(slices(1, height, width=width))


@pytest.mark.parametrize("shape", [(2, 3, 64, 64), (2, 64, 64), (1, 2, 1, 64, 64)])
def test_a_shape_that_is_no_batch_of_grey_slices(network, shape):
    with pytest.raises(InputError, match="one grey channel"):
        network(torch.zeros(shape))


@torch.inference_mode()
def test_a_description_is_the_answer_with_what_was_seen(network, side):
    images = slices(2, side)
    answer, seen = network.describe(images)
    close(answer, network(images))
    if hasattr(network, "encoder"):
        means = [maps.mean(dim=3).mean(dim=2) for maps in network.encoder(images)]
        torch.testing.assert_close(seen, torch.cat(means, dim=1), atol=1e-5, rtol=1e-4)
    else:
        classes = network.among(network.network.get_classifier()(seen))
        torch.testing.assert_close(classes, answer.class_logits, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("exported_name", EXPORTED)
def test_export_agrees(exported_name):
    network = lived(exported_name)
    exported = io.BytesIO()
    torch.onnx.export(
        Probabilities(network).eval(),
        (slices(2, 64),),
        dynamo=True,
        input_names=["image"],
        dynamic_shapes={"image": {0: torch.export.Dim("batch")}},
        opset_version=18,
        verbose=False,
    ).save(exported)
    session = onnxruntime.InferenceSession(exported.getvalue(), providers=["CPUExecutionProvider"])
    images = slices(3, 64, seed=5)
    with torch.inference_mode():
        expected = Probabilities(network)(images)
    for found, tensor in zip(session.run(None, {"image": images.numpy()}), expected, strict=True):
        assert np.abs(found - tensor.numpy()).max() <= 1e-4


@pytest.mark.parametrize("encoder", ENCODERS)
def test_one_head_does_what_it_does_in_the_joint_network(encoder):
    joint = build(f"{encoder} joint").eval()
    images = slices(2, 64)
    with torch.inference_mode():
        expected = joint(images)
        for task, output in (("segmentation", "mask_logits"), ("classification", "class_logits")):
            alone = build(f"{encoder} {task}", seed=3).eval()
            own = {key.split(".")[0] for key in alone.state_dict()}
            state = {key: value for key, value in joint.state_dict().items() if key.split(".")[0] in own}
            alone.load_state_dict(state)
            close([getattr(alone(images), output)], [getattr(expected, output)])


def test_a_seed_decides_everything(network, name):
    state, again, other = (build(name, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(state[key], again[key]) for key in state)
    assert not all(torch.equal(state[key], other[key]) for key in state)
    answers = []
    for _ in range(2):
        trained = copy.deepcopy(network).train()
        torch.manual_seed(4)
        answers.append(trained(slices(2, 64)))
    for one, two in zip(*answers, strict=True):
        assert one is two is None or torch.equal(one, two)


@torch.inference_mode()
def test_a_slice_is_judged_alone(network, side):
    images = slices(3, 2 * side)
    together = network(images)
    alone = [network(images[number : number + 1]) for number in range(3)]
    for output, single in zip(together, zip(*alone, strict=True), strict=True):
        if output is not None:
            torch.testing.assert_close(output, torch.cat(single), atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_channels_last_gives_the_same_numbers(network, side):
    images = slices(2, 2 * side)
    last = copy.deepcopy(network).to(memory_format=torch.channels_last)
    close(last(images.contiguous(memory_format=torch.channels_last)), network(images))


@torch.inference_mode()
def test_a_copy_is_a_network_of_its_own(network, side):
    images = slices(2, 2 * side)
    before = network(images)
    twin = copy.deepcopy(network)
    close(twin(images), before, atol=0)
    for parameter in twin.parameters():
        parameter.zero_()
    assert all(output is None or output.abs().max() == 0 for output in twin(images))
    close(network(images), before, atol=0)


def test_saved_weights_keep_their_names():
    """Runs are loaded by these names."""
    expected = {
        "encoder.levels.0.layers.0.weight": (4, 1, 3, 3),
        "encoder.levels.2.layers.4.running_mean": (12,),
        "decoder.steps.0.gate.of_skip.0.weight": (4, 8, 1, 1),
        "decoder.steps.0.gate.weight.1.bias": (1,),
        "decoder.steps.0.transposed.weight": (12, 8, 2, 2),
        "decoder.steps.1.conv.layers.3.weight": (4, 4, 3, 3),
        "decoder.head.bias": (1,),
        "classifier.layers.3.weight": (16, 12),
        "classifier.layers.6.weight": (4, 16),
    }
    state = build("attention+class").state_dict()
    assert {name: tuple(state[name].shape) for name in expected} == expected
    assert {"encoder.network.conv_stem.weight", "decoder.head.weight", "classifier.layers.3.weight"} <= set(
        build("mobilenetv2_100 joint").state_dict()
    )
