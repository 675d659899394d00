"""GradNorm, on gradients whose lengths are known."""

import pytest
import torch

from brainmtl.training.balancing.gradnorm import GradNorm


def settled(toy, balancing, lengths, losses):
    """Its weights after many steps on these gradients, whatever the weights of the network."""
    for loss in losses:
        for _ in range(400):
            tasks = [
                task - task.detach() + value
                for task, value in zip(toy.tasks((lengths[0], 0.0), (0.0, lengths[1])), loss, strict=True)
            ]
            weights = balancing.backward(tasks[0] + tasks[1], tasks, toy)
            if loss is losses[0] and len(losses) > 1:
                break
    return weights


def test_gradients_of_three_to_one_become_equally_long(toy):
    weights = settled(toy, GradNorm(asymmetry=0, rate=0.01), (3.0, 1.0), [(1.0, 1.0)])
    assert weights == pytest.approx((0.5, 1.5), abs=0.03)


@pytest.mark.parametrize("asymmetry", [0.5, 1.0])
def test_a_task_that_lags_gets_the_longer_gradient(toy, asymmetry):
    """The class loss has halved: r of one over the other is 2, so their lengths are to be as 2^α."""
    balancing = GradNorm(asymmetry, rate=0.01)
    mask, classes = settled(toy, balancing, (1.0, 1.0), [(4.0, 6.0), (4.0, 3.0)])
    assert mask / classes == pytest.approx(2**asymmetry, rel=0.05)
    assert mask + classes == pytest.approx(2)


def test_the_gradient_of_the_network_is_the_weighted_sum(step):
    balancing = GradNorm()
    balancing.recall({**balancing.memory(), "weights": torch.tensor([0.5, 1.5])})
    encoder, heads, weights = step(balancing, (1.0, 2.0), (-3.0, 1.0))
    assert encoder == pytest.approx([0.5 - 4.5, 1.0 + 1.5])
    assert heads == pytest.approx([0.5, 1.5])
    assert weights == pytest.approx((0.5, 1.5))


def test_a_batch_that_knows_one_task_teaches_the_weights_nothing(toy):
    balancing = GradNorm()
    mask, _ = toy.tasks((1.0, 2.0), (3.0, 4.0))
    balancing.backward(mask, (mask, torch.zeros(())), toy)
    assert balancing.memory()["weights"].tolist() == [1, 1]
    assert balancing.memory()["first"] is None
    assert toy.encoder.weight.grad.tolist() == [[1, 2]]


def test_a_loss_that_is_no_number_teaches_the_weights_nothing(toy):
    balancing = GradNorm()
    for factor in (1.0, float("nan")):
        tasks = [task * factor + 1 for task in toy.tasks((1.0, 2.0), (3.0, 4.0))]
        balancing.backward(tasks[0] + tasks[1], tasks, toy)
    assert torch.isfinite(balancing.memory()["weights"]).all()
