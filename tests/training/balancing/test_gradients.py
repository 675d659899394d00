"""Gradients of tasks apart, against NumPy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from brainmtl.training.balancing.gradients import cosine, gramian, shared_weights, task_gradients

vectors = st.lists(st.floats(-9, 9, width=32), min_size=4, max_size=4)


def test_each_gradient_is_its_task_s_and_no_grad_changes(toy):
    tasks = toy.tasks((1.0, 2.0), (3.0, -4.0))
    one, other = task_gradients(tasks, [toy.encoder.weight, *toy.heads])
    assert [None if g is None else g.flatten().tolist() for g in one] == [[1, 2], [1], None]
    assert [None if g is None else g.flatten().tolist() for g in other] == [[3, -4], None, [1]]
    assert all(weight.grad is None for weight in toy.parameters())
    (tasks[0] + tasks[1]).backward()
    assert toy.encoder.weight.grad.tolist() == [[4, -2]]


@given(vectors, vectors)
def test_inner_products_and_the_cosine(one, other):
    a, b = np.array(one), np.array(other)
    parts = [tuple(torch.tensor(v).double().split([1, 3])) for v in (one, other)]
    found = gramian(parts)
    assert found.numpy() == pytest.approx(np.array([[a @ a, a @ b], [a @ b, b @ b]]))
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths > 1e-6:
        assert cosine(found) == pytest.approx((a @ b) / lengths, abs=1e-6)


def test_weights_that_only_one_task_has_are_no_product():
    a, b = (torch.ones(2), None), (None, torch.ones(2))
    assert gramian([a, b]).tolist() == [[2, 0], [0, 2]]


@pytest.mark.parametrize("length", [0.0, float("nan"), float("inf")])
def test_no_cosine_without_two_directions(length):
    assert cosine(torch.tensor([[length, 0.0], [0.0, 1.0]])) is None


def test_frozen_weights_are_not_shared():
    network = nn.ModuleDict({"encoder": nn.Linear(3, 2), "head": nn.Linear(2, 1)})
    network["encoder"].bias.requires_grad_(False)
    assert [weight.shape for weight in shared_weights(network)] == [(2, 3)]
