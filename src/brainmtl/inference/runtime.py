"""What computes the graph of a model package."""

from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.threads import allotted

RuntimeName = Literal["cpu", "cuda", "coreml", "openvino"]
RUNTIMES: Final[tuple[RuntimeName, ...]] = get_args(RuntimeName)
PROVIDERS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "cpu": ("CPUExecutionProvider", {}),
    "cuda": ("CUDAExecutionProvider", {"use_tf32": "0"}),
    "coreml": ("CoreMLExecutionProvider", {"ModelFormat": "MLProgram"}),
}
"""Runtime → ONNX Runtime's provider, and how it is told to compute in fp32. CUDA would round to ten bits of
mantissa (TF32); Core ML holds a program to its types, and may compute a network of its older form in fp16."""
CHOOSE: Final = f"choose one of {', '.join(RUNTIMES)}"


class UnusableModelError(Exception):
    """The bytes are no model that a runtime can run."""


class Runtime(Protocol):
    """A graph ready to run.

    Attributes:
        name: the runtime and the precision it computes in, as results name it: ``"onnxruntime cpu fp32"``.
    """

    name: str

    def metadata(self, key: str) -> str | None:
        """An entry of the ONNX file's ``metadata_props``."""

    def values(self) -> list[tuple[str, str, list[int | None]]]:
        """Name, type and shape of every input and output; an axis that is free is ``None``."""

    def run(self, names: Sequence[str], images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Run a batch, ``(B, C, S, S)``; the named outputs in their order. Threads may call it at once."""


class OnnxRuntime:
    """ONNX Runtime.

    Args:
        content: an ONNX file.
        provider: ``"cpu"``, ``"cuda"`` or ``"coreml"``.

    Raises:
        InputError: this installation has no such provider.
        UnusableModelError: not a model.
    """

    def __init__(self, content: bytes, provider: str) -> None:
        import onnxruntime

        chosen, settings = PROVIDERS[provider]
        if chosen not in onnxruntime.get_available_providers():
            mend = "pip install onnxruntime-gpu" if provider == "cuda" else CHOOSE
            raise InputError("ONNX Runtime lacks it here", where=provider, field="runtime", mend=mend)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = allotted() or 0  # its own choice
        # Threads that spin while they wait keep the processor from what decodes, draws and answers.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = {chosen: settings} | dict([PROVIDERS["cpu"]])
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, list(providers), list(providers.values())
            )
        except Exception as error:  # of ONNX Runtime's own kinds, which share no base
            raise UnusableModelError from error
        if self._session.get_providers()[0] != chosen:
            raise InputError("no such device is there", where=provider, field="runtime", mend=CHOOSE)
        self._image = self._session.get_inputs()[0].name
        self.name = f"onnxruntime {provider} fp32"

    def metadata(self, key: str) -> str | None:
        """See :class:`Runtime`."""
        text: str | None = self._session.get_modelmeta().custom_metadata_map.get(key)
        return text

    def values(self) -> list[tuple[str, str, list[int | None]]]:
        """See :class:`Runtime`."""
        return [
            (
                value.name,
                value.type.removeprefix("tensor(").removesuffix(")"),
                [axis if isinstance(axis, int) else None for axis in value.shape or [1]],
            )
            for value in (*self._session.get_inputs(), *self._session.get_outputs())
        ]

    def run(self, names: Sequence[str], images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """See :class:`Runtime`."""
        answers: list[NDArray[np.float32]] = self._session.run(list(names), {self._image: images})
        return answers


class OpenVino:
    """OpenVINO on the processor, which computes in bf16 by itself where that is quick.

    Args:
        content: an ONNX file.

    Raises:
        InputError: it is not installed.
        UnusableModelError: not a model.
    """

    def __init__(self, content: bytes) -> None:
        try:
            import openvino
        except ModuleNotFoundError as error:
            raise InputError(
                "is not installed", where="openvino", field="runtime", mend="pip install 'brainmtl[openvino]'"
            ) from error
        try:
            core = openvino.Core()
            model = core.read_model(content)
            allotment = {"INFERENCE_NUM_THREADS": count} if (count := allotted()) else {}
            self._model = core.compile_model(model, "CPU", allotment)
        except RuntimeError as error:
            raise UnusableModelError from error
        precision = str(self._model.get_property("INFERENCE_PRECISION_HINT").to_string())
        self.name = f"openvino cpu {precision.replace('f32', 'fp32')}"
        self._source = model

    def metadata(self, key: str) -> str | None:
        """See :class:`Runtime`."""
        if not self._source.has_rt_info(["framework", key]):
            return None
        return str(self._source.get_rt_info(["framework", key]).astype(str))

    def values(self) -> list[tuple[str, str, list[int | None]]]:
        """See :class:`Runtime`."""
        return [
            (
                value.get_any_name(),
                {"f32": "float"}.get(value.get_element_type().to_string(), "another"),
                [axis.get_length() if axis.is_static else None for axis in value.get_partial_shape()],
            )
            for value in (*self._model.inputs, *self._model.outputs)
        ]

    def run(self, names: Sequence[str], images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """See :class:`Runtime`."""
        request: Any = self._model.create_infer_request()  # one a call: they are not for two threads
        request.infer([images])
        return [np.array(request.get_tensor(name).data) for name in names]


def open_runtime(content: bytes, name: str = "cpu") -> Runtime:
    """Make a graph ready to run.

    Args:
        content: an ONNX file.
        name: one of :data:`RUNTIMES`.

    Raises:
        InputError: there is no such runtime here.
        UnusableModelError: the bytes are no model.
    """
    if name not in RUNTIMES:
        raise InputError("no such runtime", where=name, field="runtime", mend=CHOOSE)
    return OpenVino(content) if name == "openvino" else OnnxRuntime(content, name)
