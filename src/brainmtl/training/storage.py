"""How a package stores its weights."""

from typing import Any, Final, Literal, get_args

Storage = Literal["fp32", "fp16", "int8"]
STORAGES: Final[tuple[Storage, ...]] = get_args(Storage)
SMALL = 1 / 128
"""Tensors with a smaller share of all values are left alone. They weigh little, and rounding is felt in them:
first and depthwise convolutions, biases. Of base a pixel moves by up to .003, by up to .1 where all are
rounded; 8.2 MB instead of 7.6."""


def store_in_half(model: Any) -> None:
    """Store the large float32 weights of a graph as float16, cast to float32 where they are used.

    Runtimes fold the casts when they load the graph, so it computes in float32 as before: half the bytes at
    the cost of rounding those weights to 11 bits.

    Args:
        model: an ``onnx.ModelProto``, changed in place.
    """
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    graph, casts = model.graph, []
    largest = np.finfo(np.float16).max
    smallest = SMALL * sum(np.prod(weight.dims) for weight in graph.initializer)
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
