"""The phases of a run, epoch by epoch."""

from hypothesis import given
from hypothesis import strategies as st

from brainmtl.training.phases import phase_at, phases


def test_a_run_without_fine_tuning_is_one_phase(tiny):
    recipe = tiny()
    (only,) = phases(recipe)
    assert (only.start, only.optimizer, only.schedule) == (0, recipe.optimizer, recipe.schedule)
    assert only.frozen


@given(epochs=st.integers(2, 60), data=st.data())
def test_every_epoch_is_in_one_of_two_phases(tiny, epochs, data):
    after = data.draw(st.integers(1, epochs - 1))
    recipe = tiny(f"schedule.epochs={epochs}", f"fine_tuning={{after: {after}, lr: 3e-5}}")
    found = [phase_at(recipe, epoch) for epoch in range(epochs)]
    assert [phase.frozen for phase in found] == [True] * after + [False] * (epochs - after)
    assert sum(phase.schedule.epochs for phase in phases(recipe)) == epochs
    assert {phase.optimizer.lr for phase in found[after:]} == {3e-5}
    assert found[0].optimizer == recipe.optimizer
    assert found[-1].optimizer.weight_decay == recipe.optimizer.weight_decay
