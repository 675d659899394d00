"""How a package stores its weights."""

from typing import Any, Final, Literal, get_args

Storage = Literal["fp32", "fp16", "int8"]
STORAGES: Final[tuple[Storage, ...]] = get_args(Storage)
SMALL: Final = (1 / 128, 1 / 64, 1 / 32, 1 / 16)
"""Shares of all values below which tensors are left alone; a higher one where what is rounded under a lower
one is felt too much. Small tensors weigh little, and rounding is felt in them most: first and depthwise
convolutions, biases. Of base a pixel of noise moves by up to .02 under the first, .007 under the second, at
8.2 and 8.8 MB; a pixel of its slices by up to .002."""


def store_in_half(model: Any, small: float) -> Any:
    """Store the large float32 weights of a graph as float16, cast to float32 where they are used.

    Runtimes fold the casts when they load the graph, so it computes in float32 as before: half the bytes at
    the cost of rounding those weights to 11 bits.

    Args:
        model: an ``onnx.ModelProto``.
        small: one of :data:`SMALL`.

    Returns:
        Another one.
    """
    import numpy as np
    from onnx import ModelProto, TensorProto, helper, numpy_helper

    made = ModelProto()
    made.CopyFrom(model)
    graph, casts = made.graph, []
    largest = np.finfo(np.float16).max
    smallest = small * sum(np.prod(weight.dims) for weight in graph.initializer)
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < smallest:
            continue
        values, name = numpy_helper.to_array(weight), weight.name
        if not np.abs(values).max() <= largest:
            continue
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.fp16"))
        casts.append(helper.make_node("Cast", [f"{name}.fp16"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return made
