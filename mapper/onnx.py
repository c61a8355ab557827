"""A mapper's networks as ONNX graphs: written from the tensors, and run by onnxruntime without torch.

Three graphs for each mapper: ``reasoner`` (E_v -> E_r and what steers the composer), ``composer`` (a step of
the denoiser, or all of the variant ``mlp_mlp``) and ``head``. The loop of the sampler stays in numpy
(`mapper.plain`), so steps, guidance and sampler can be chosen when they are run. Any number of rows.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import InputError, MissingPartError, replace_folder
from mapper.config import ModelConfig
from mapper.files import Stored
from mapper.plain import Floats, PlainNetworks

#: Folder of the graphs in a mapper's folder.
FOLDER = "onnx"
GRAPHS = ("reasoner", "composer", "head")
#: Operators: layer normalisation is one since 17.
OPSET, IR = 17, 8
_MOST_BYTES = 250_000_000


def export(stored: Stored, folder: str | os.PathLike[str]) -> list[pathlib.Path]:
    """Write the graphs of a mapper into the folder ``onnx`` of its folder; returns their paths.

    Raises
    ------
    MissingPartError
        If the package onnx, which writes them, is not installed.
    InputError
        If the folder cannot be written.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingPartError(
            "writing ONNX needs the package onnx: pip install 'chiaroscore[onnx]'"
        ) from error
    files = {}
    for name, graph in _graphs(stored.config, stored.tensors).items():
        opset = onnx.helper.make_opsetid("", OPSET)
        model = onnx.helper.make_model(
            graph, opset_imports=[opset], ir_version=IR, producer_name="chiaroscore"
        )
        onnx.helper.set_model_props(model, {"mapper": stored.digest, "encoder": stored.config.encoder})
        onnx.checker.check_model(model)
        files[f"{name}.onnx"] = model.SerializeToString(deterministic=True)
    return replace_folder(pathlib.Path(folder) / FOLDER, files)


class OnnxNetworks(PlainNetworks):
    """`mapper.plain.PlainNetworks` whose networks are run by onnxruntime.

    Parameters
    ----------
    config, tensors
        Of the mapper: the frame and what steers by time are not in the graphs.
    folder
        Of the mapper; `export` has put the graphs there.
    digest
        Of the mapper's tensors, which the graphs must have been made of.

    Raises
    ------
    MissingPartError
        If onnxruntime is not installed.
    InputError
        If a graph is missing, damaged or of another mapper.
    """

    def __init__(
        self,
        config: ModelConfig,
        tensors: Mapping[str, NDArray[np.floating]],
        folder: str | os.PathLike[str],
        digest: str,
    ) -> None:
        super().__init__(config, tensors)
        place = pathlib.Path(folder) / FOLDER
        self._sessions = {name: _session(place / f"{name}.onnx", digest) for name in GRAPHS}

    def reason(self, seen: Floats) -> Floats:
        """Return E_r for E_v."""
        return self._run("reasoner", ["why"], seen=seen)

    def at_once(self, why: Floats) -> Floats:
        """Return the latent of E_r."""
        return self._run("composer", ["latent"], why=why)

    def steer(self, seen: Floats, why: Floats) -> Floats:
        """Return the condition's part of what steers the denoiser; E_r is found again on the way."""
        return self._run("reasoner", ["steer"], seen=seen)

    def denoise(self, x: Floats, steer: Floats) -> Floats:
        """Return what the denoiser tells of latents under what steers it."""
        return self._run("composer", ["told"], x=x, steer=steer)

    def scores(self, heard: Floats) -> Floats:
        """Return the head's scores of E_m."""
        return self._run("head", ["scores"], heard=heard)

    def _run(self, graph: str, wanted: list[str], **given: Floats) -> Floats:
        found: Floats = self._sessions[graph].run(
            wanted, {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in given.items()}
        )[0]
        return found


class _Writer:
    """Collects the nodes and constants of a graph."""

    def __init__(self, tensors: Mapping[str, NDArray[np.floating]]) -> None:
        self.tensors = tensors
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node; returns the name of its output."""
        from onnx import helper

        name = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, list(inputs), [name], name=f"node_{len(self.nodes)}", **attributes)
        )
        return name

    def split(self, x: str, count: int, part: int) -> list[str]:
        """Add a split of the columns into ``count`` parts of ``part`` each; returns their names."""
        from onnx import helper

        names = [f"split_{len(self.nodes)}_{at}" for at in range(count)]
        sizes = self.constant(f"sizes_{count}_{part}", np.full(count, part, dtype=np.int64))
        self.nodes.append(
            helper.make_node("Split", [x, sizes], names, name=f"node_{len(self.nodes)}", axis=1)
        )
        return names

    def constant(self, name: str, values: NDArray[Any] | np.float32) -> str:
        """Add a constant, once; returns its name."""
        from onnx import numpy_helper

        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def tensor(self, name: str) -> str:
        """Add one of the mapper's tensors; returns its name."""
        return self.constant(name, np.asarray(self.tensors[name], dtype=np.float32))

    def linear(self, name: str, x: str, output: str = "") -> str:
        """Add a linear map."""
        given = (x, self.tensor(f"{name}.weight"), self.tensor(f"{name}.bias"))
        return self.op("Gemm", *given, output=output, transB=1)

    def silu(self, x: str) -> str:
        """Add SiLU."""
        return self.op("Mul", x, self.op("Sigmoid", x))

    def normed(self, x: str, width: int, name: str = "") -> str:
        """Add layer normalisation, with scale and shift of a name or without any."""
        if name:
            given = [self.tensor(f"{name}.weight"), self.tensor(f"{name}.bias")]
        else:
            given = [self.constant(f"ones_{width}", np.ones(width, dtype=np.float32))]
        return self.op("LayerNormalization", x, *given, axis=-1, epsilon=1e-5)

    def perceptron(self, name: str, x: str, width: int, blocks: int, output: str = "") -> str:
        """Add a residual perceptron."""
        x = self.linear(f"{name}.first", x)
        for at in range(blocks):
            block = f"{name}.blocks.{at}"
            inner = self.silu(self.linear(f"{block}.one", self.normed(x, width, f"{block}.norm")))
            x = self.op("Add", x, self.linear(f"{block}.two", inner))
        return self.linear(f"{name}.last", self.silu(x), output)

    def graph(self, name: str, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> Any:
        """Return the graph with inputs and outputs of given widths, for any number of rows."""
        from onnx import TensorProto, helper

        def told(widths: Mapping[str, int]) -> list[Any]:
            return [
                helper.make_tensor_value_info(one, TensorProto.FLOAT, ["rows", width])
                for one, width in widths.items()
            ]

        return helper.make_graph(self.nodes, name, told(inputs), told(outputs), list(self.constants.values()))


def _graphs(config: ModelConfig, tensors: Mapping[str, NDArray[np.floating]]) -> dict[str, Any]:
    """Return the graphs by name."""
    return {
        "reasoner": _reasoner(config, _Writer(tensors)),
        "composer": _composer(config, _Writer(tensors)),
        "head": _head(config, _Writer(tensors)),
    }


def _reasoner(config: ModelConfig, writer: _Writer) -> Any:
    """Return the graph from E_v to E_r, and to what steers the denoiser where there is one."""
    centred = writer.op("Sub", "seen", writer.tensor("frame.seen_mean"))
    scaled = writer.op("Mul", centred, writer.tensor("frame.seen_scale"))
    low, high = (writer.constant(f"clip_{value:g}", np.float32(value)) for value in (-8, 8))
    framed = writer.op("Clip", scaled, low, high)
    plain = writer.perceptron("reasoner", framed, config.reasoner_width, config.reasoner_blocks)
    why = writer.op("LpNormalization", plain, output="why", axis=-1, p=2)
    outputs = {"why": config.why}
    if config.variant != "mlp_mlp":
        parts = [writer.linear("composer.of_seen", framed)]
        if config.variant == "full":
            parts.append(writer.linear("composer.of_why", why))
        joined = writer.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
        condition = writer.silu(writer.linear("composer.join", writer.silu(joined)))
        turned = writer.op("Transpose", writer.tensor("composer.steer.weight"), perm=[1, 0])
        writer.op("MatMul", condition, turned, output="steer")
        outputs["steer"] = config.composer_blocks * 3 * config.composer_width
    return writer.graph("reasoner", {"seen": config.seen}, outputs)


def _composer(config: ModelConfig, writer: _Writer) -> Any:
    """Return the graph of a step of the denoiser, or from E_r to the latent at once."""
    if config.variant == "mlp_mlp":
        writer.perceptron("composer", "why", config.reasoner_width, config.reasoner_blocks, "latent")
        return writer.graph("composer", {"why": config.why}, {"latent": config.latent})
    width, blocks = config.composer_width, config.composer_blocks
    one = writer.constant("one", np.float32(1))
    x = writer.linear("composer.first", "x")
    for at, its in enumerate(writer.split("steer", blocks, 3 * width)):
        scale, shift, gate = writer.split(its, 3, width)
        block = f"composer.blocks.{at}"
        bent = writer.op("Mul", writer.normed(x, width), writer.op("Add", scale, one))
        inner = writer.silu(writer.linear(f"{block}.one", writer.op("Add", bent, shift)))
        x = writer.op("Add", x, writer.op("Mul", gate, writer.linear(f"{block}.two", inner)))
    writer.linear("composer.last", writer.normed(x, width, "composer.norm"), "told")
    return writer.graph(
        "composer", {"x": config.latent, "steer": blocks * 3 * width}, {"told": config.latent}
    )


def _head(config: ModelConfig, writer: _Writer) -> Any:
    """Return the graph from E_m to the head's scores."""
    from mapper.shapes import scores

    scaled = writer.op("Mul", "heard", writer.constant("root", np.float32(config.heard**0.5)))
    writer.perceptron("head", scaled, config.head_width, 0, "scores")
    return writer.graph("head", {"heard": config.heard}, {"scores": scores(config)})


def _session(path: pathlib.Path, digest: str) -> Any:
    """Return what runs a graph, after a look at whose it is."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPartError(
            "onnxruntime is not installed; pip install onnxruntime, or choose the runtime numpy"
        ) from error
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{str(path)!r} is larger than {_MOST_BYTES:,} bytes, which no mapper is")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # networks so small gain nothing by more
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise InputError(
            f"cannot read {str(path)!r} ({error.strerror}); write them with `chiaroscore distill export`"
        ) from error
    except Exception as error:  # onnxruntime's errors share no root of their own
        if isinstance(error, InputError):
            raise
        said = " ".join(str(error).split())[:120]
        raise InputError(f"{str(path)!r} is no ONNX graph ({said}); export the mapper again") from error
    if session.get_modelmeta().custom_metadata_map.get("mapper") != digest:
        raise InputError(f"{str(path)!r} was made of another mapper; export this one again")
    return session
