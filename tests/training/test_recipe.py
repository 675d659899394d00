"""Recipes: every field checked, every error named, and text that says all."""

import math
from contextlib import suppress

import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainmtl.errors import InputError, UsageError
from brainmtl.models.build import EncoderPart, build_network
from brainmtl.training.checks import check_recipe, check_size
from brainmtl.training.recipe import Recipe, read_recipe, recipe_names, write_recipe

SHARES = st.floats(0, 1)
TEXT = st.text(st.characters(exclude_characters="\x85", exclude_categories=["Cs"]))
"""PyYAML itself turns the character NEL into a space."""
SMALL = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_can_be_carried_out(name):
    recipe = read_recipe(name)
    assert recipe.name == name
    assert recipe.description
    check_recipe(recipe)
    with torch.device("meta"):  # shapes alone
        check_size(recipe, build_network(recipe.network, pretrained=False))


def test_recipes_ship():
    assert {"base-128", "demo-joint"} <= set(recipe_names())


@pytest.mark.parametrize(
    ("override", "field", "value"),
    [
        ("optimizer.lr=5e-5", "optimizer.lr", 5e-5),
        ("optimizer.lr=1E-3", "optimizer.lr", 1e-3),
        ("optimizer.lr=2", "optimizer.lr", 2.0),
        ("augmentation.scale=[9e-1, 11e-1]", "augmentation.scale", (0.9, 1.1)),
        ("network.encoder.widths=[2, 3]", "network.encoder.widths", (2, 3)),
        ("network.classifier=null", "network.classifier", None),
        ("network.decoder=", "network.decoder", None),
        ("schedule.stop_after=null", "schedule.stop_after", None),
        ("network.encoder.options.pad_type=same", "network.encoder.options", {"pad_type": "same"}),
        ("network.encoder.options.drop_path_rate=5e-2", "network.encoder.options", {"drop_path_rate": 0.05}),
        (" data.size =64", "data.size", 64),
        ("data={size: 64, batch_size: 2}", "data.batch_size", 2),
        ("network.encoder.options.by=someone=else", "network.encoder.options", {"by": "someone=else"}),
        ("data.healthy_masks=false", "data.healthy_masks", False),
        ("losses.dice_over=batch", "losses.dice_over", "batch"),
        ("losses.mean_over=batch", "losses.mean_over", "batch"),
        ("losses.categorical_focal=2", "losses.categorical_focal", 2.0),
        ("optimizer.name=rmsprop-keras", "optimizer.name", "rmsprop-keras"),
        ("schedule.name=plateau-keras", "schedule.name", "plateau-keras"),
    ],
)
def test_an_override(tiny, override, field, value):
    found = tiny(override)
    for name in field.split("."):
        found = getattr(found, name)
    assert found == value
    assert type(found) is type(value)


def test_overrides_follow_one_another(tiny):
    recipe = tiny("network.decoder=null", "network.decoder.widths=[6]", "optimizer.lr=1", "optimizer.lr=2")
    assert recipe.network.decoder.widths == (6,)
    assert not recipe.network.decoder.attention
    assert recipe.optimizer.lr == 2


@pytest.mark.parametrize("override", ["optimizer.lr", "=5", "optimizer.=5", "data.size=[1", "seed={"])
def test_an_override_that_is_none(tiny, override):
    with pytest.raises(UsageError, match=r"--set optimizer\.lr=5e-5"):
        tiny(override)


@pytest.mark.parametrize(
    ("override", "field", "near"),
    [
        ("optimiser.lr=1", "optimiser", "optimizer"),
        ("optimizer.encoder_rate=1", "optimizer.encoder_rate", "encoder_lr"),
        ("optimizer.weight_decy=1", "optimizer.weight_decy", "weight_decay"),
        ("data.batchsize=1", "data.batchsize", "batch_size"),
        ("network.encoder.width=[1, 2]", "network.encoder.width", "widths"),
        ("network.decoder.attention_gates=true", "network.decoder.attention_gates", "attention"),
        ("network.classifier.drop_out=0.1", "network.classifier.drop_out", "dropout"),
        ("schedule.epoch=3", "schedule.epoch", "epochs"),
        ("augmentation.mirrors=1", "augmentation.mirrors", "mirror"),
        ("losses.dice_smoothing=1", "losses.dice_smoothing", "dice_smooth"),
        ("losses.binary_focals=1", "losses.binary_focals", "binary_focal"),
        ("sed=1", "sed", "seed"),
    ],
)
def test_an_unknown_field_and_the_one_near_it(tiny, override, field, near):
    with pytest.raises(InputError) as caught:
        tiny(override)
    assert caught.value.what == "unknown field"
    assert caught.value.field == field
    assert caught.value.mend == f"did you mean {near}?"
    assert str(caught.value.where).endswith("tiny.yaml")


@pytest.mark.parametrize(
    "override",
    [
        "name=Capital",
        "data.size=16",
        "data.size=2048",
        "data.size=64.5",
        "data.fit=crop",
        "data.batch_size=0",
        "data.protocol=random",
        "augmentation.mirror=1.5",
        "augmentation.mirror=-0.1",
        "augmentation.scale=[1, 0]",
        "augmentation.scale=[1]",
        "augmentation.rotation=181",
        "augmentation.shear=46",
        "losses.binary_focal=-1",
        "losses.focal_gamma=-0.5",
        "losses.mean_over=slice",
        "optimizer.name=lion",
        "optimizer.lr=0",
        "optimizer.lr=.inf",
        "optimizer.lr=.nan",
        "optimizer.lr=fast",
        "optimizer.gradient_clip=0",
        "schedule.epochs=0",
        "schedule.ema=1",
        "schedule.stop_after=0",
        "schedule.monitor=train_loss",
        "network.decoder.widths=[4, -1]",
        "network.classifier.dropout=1",
        "network.encoder.widths=8",
        "network.decoder=none",
        "precision=fp16",
        "seed=-1",
        "seed=4294967296",
    ],
)
def test_a_value_out_of_range(tiny, override):
    field, _, value = override.partition("=")
    with pytest.raises(InputError) as caught:
        tiny(override)
    assert caught.value.field.startswith(field)
    assert value.strip("[]").split(",")[-1].strip(". ") in str(caught.value)


def test_a_field_inside_a_value(tiny):
    with pytest.raises(InputError, match=r"optimizer\.lr\.low: 'lr' has no fields"):
        tiny("optimizer.lr.low=1")


def test_what_a_recipe_must_have(tmp_path):
    (tmp_path / "bare.yaml").write_text("name: bare\n")
    with pytest.raises(InputError, match=r"bare\.yaml: network: is missing \(add it\)"):
        read_recipe(tmp_path / "bare.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [", "not YAML"),
        (b"- name", "not a mapping"),
        (b"", "not a mapping"),
        (b"name: !!python/object/apply:os.system [true]", "not YAML"),
        (b"day: 2020-13-45", "not YAML"),
        (b"[" * 1000, "not YAML"),
        (b"name: \xff\xfe", "UTF-8"),
        (b"a: *b", "not YAML"),
    ],
)
def test_a_file_that_is_no_recipe(tmp_path, content, message):
    (tmp_path / "odd.yaml").write_bytes(content)
    with pytest.raises(InputError, match=rf"odd\.yaml: .*{message}") as caught:
        read_recipe(tmp_path / "odd.yaml")
    assert "\n" not in str(caught.value)


def test_no_such_recipe(tmp_path):
    with pytest.raises(InputError, match=r"base-182: no such recipe \(did you mean .*base-128"):
        read_recipe("base-182")
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read"):
        read_recipe(tmp_path / "none.yaml")


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*Recipe.model_fields, "encoder", "decoder", "lr", "widths"])
            | st.text(max_size=3)
            | st.integers(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@SMALL
@given(tree=TREES)
def test_any_tree_is_a_recipe_or_an_input_error(tmp_path, tree):
    path = tmp_path / "any.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    with suppress(InputError):
        assert isinstance(read_recipe(path), Recipe)


@st.composite
def recipes(draw):
    low = draw(st.floats(1e-6, 10))
    return Recipe.model_validate(
        {
            "name": draw(st.from_regex(r"[a-z0-9][a-z0-9.-]{0,8}", fullmatch=True)),
            "description": draw(TEXT),
            "data": {"size": draw(st.integers(32, 1024)), "fit": draw(st.sampled_from(["pad", "stretch"]))},
            "augmentation": {
                "mirror": draw(SHARES),
                "scale": (low, draw(st.floats(low, 20))),
                "crop": draw(st.none() | st.integers(32, 512)),
                "gamma": draw(st.floats(0, 1e300)),
            },
            "network": {
                "encoder": {
                    "name": draw(st.sampled_from(["plain", "resnet18"])),
                    "options": draw(
                        st.dictionaries(
                            TEXT,
                            st.booleans()
                            | st.integers()
                            | st.floats(allow_nan=False, allow_infinity=False)
                            | TEXT,
                            max_size=3,
                        )
                    ),
                },
                "decoder": draw(st.none() | st.fixed_dictionaries({"attention": st.booleans()})),
                "classifier": draw(st.none() | st.just({"hidden": [5]})),
            },
            "optimizer": {
                "lr": draw(st.floats(1e-300, 1e300)),
                "name": draw(st.sampled_from(["sgd", "adamw"])),
            },
            "schedule": {
                "ema": draw(st.none() | st.floats(1e-9, 1 - 1e-9)),
                "stop_after": draw(st.none() | st.just(4)),
            },
            "seed": draw(st.integers(0, 2**32 - 1)),
        }
    )


@SMALL
@given(recipe=recipes())
def test_written_and_read_again_it_is_the_same(tmp_path, recipe):
    path = tmp_path / "recipe.yaml"
    path.write_text(write_recipe(recipe), encoding="utf-8")
    again = read_recipe(path)
    assert again == recipe
    for name, value in recipe.network.encoder.options.items():
        assert type(again.network.encoder.options[name]) is type(value)


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_however_python_writes_it(tiny, value):
    for text in (repr(value), f"{value:e}", f"{value:E}"):
        found = tiny(f"network.encoder.options.value={text}").network.encoder.options["value"]
        assert math.isclose(found, float(text), rel_tol=0, abs_tol=0)


def test_text_that_looks_like_a_number_stays_text(tmp_path, tiny):
    encoder = EncoderPart(options={"a": "5e-5", "b": "1e3", "c": "null", "d": "1.5"})
    recipe = tiny().model_copy(update={"network": tiny().network.model_copy(update={"encoder": encoder})})
    (tmp_path / "recipe.yaml").write_text(write_recipe(recipe))
    assert read_recipe(tmp_path / "recipe.yaml").network.encoder == encoder


def test_a_run_folder_of_before_published_numbers_had_a_file_of_their_own_is_read(tmp_path, tiny):
    (tmp_path / "recipe.yaml").write_text(write_recipe(tiny()) + "published: {dice: 0.88}\n")
    assert read_recipe(tmp_path / "recipe.yaml") == tiny()


def test_a_written_recipe_names_every_field(tiny):
    tree = yaml.safe_load(write_recipe(tiny()))
    assert list(tree) == list(Recipe.model_fields)
    for name, part in tree.items():
        model = Recipe.model_fields[name].annotation
        if hasattr(model, "model_fields") and part:
            assert list(part) == list(model.model_fields)


def test_neighbours_bring_their_channels(tiny):
    assert tiny().network.channels == 1
    assert tiny("data.neighbours=2").network.channels == 5
    assert tiny("data.neighbours=2", "network.channels=1").network.channels == 1


def test_neighbours_bring_their_channels_where_a_written_recipe_names_others(tiny, tmp_path):
    (path := tmp_path / "recipe.yaml").write_text(write_recipe(tiny()))
    assert read_recipe(path, ["data.neighbours=1"]).network.channels == 3
    assert read_recipe(path, ["data.neighbours=1", "network.channels=1"]).network.channels == 1
    path.write_text(write_recipe(tiny("data.neighbours=2")))
    assert read_recipe(path, ["data.size=64"]).network.channels == 5
