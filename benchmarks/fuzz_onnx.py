"""Mutated ONNX files for the reader: each is read or refused in one sentence, in bounded time and memory.

Files of a few forms (a convolution network, an encoder with attention, a recurrent one, quantised, with
sub-graphs and functions) are changed at random: bytes flipped, cut, doubled, fields moved between files,
dimensions and numbers replaced by extreme ones. Every file is read in a worker process with a limit on its
memory, so that a crash of the process is seen and counted.

    python benchmarks/fuzz_onnx.py --count 10000
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import random
import resource
import time
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RESULTS = Path(__file__).with_name("results") / "fuzz_onnx.csv"
SECONDS, MEMORY = 2.0, 2**30
EXTREME = (0, -1, 1, 2**31 - 1, 2**31, 2**63 - 1, -(2**63), 10**9)


def seeds() -> list[bytes]:
    """Models of a few forms."""
    rng = np.random.default_rng(0)

    def weight(name: str, *shape: int):
        return numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)

    def model(nodes, inputs, output, weights, functions=(), domains=()):
        graph = helper.make_graph(
            nodes,
            "seed",
            [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
            weights,
        )
        opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(d, 1) for d in domains)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=list(functions))

    image = ("x", TensorProto.FLOAT, ["batch", 3, 16, 16])
    tokens = ("x", TensorProto.FLOAT, [1, "tokens", 16])
    conv = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1] * 4, strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "v"], ["y"], transB=1),
    ]
    encoder = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "one"], ["t"]),
        helper.make_node("Concat", ["one", "t", "heads"], ["shape"], axis=0),
        helper.make_node("MatMul", ["x", "q"], ["a"]),
        helper.make_node("Reshape", ["a", "shape"], ["b"]),
        helper.make_node("Transpose", ["b"], ["bt"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["b", "bt"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["p"], axis=-1),
        helper.make_node("MatMul", ["p", "b"], ["y"]),
    ]
    numbers = [
        numpy_helper.from_array(np.array([1], np.int64), "one"),
        numpy_helper.from_array(np.array([16], np.int64), "heads"),
    ]
    body = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["inner"])],
        "body",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)],
    )
    branch = [
        helper.make_node("If", ["k"], ["y"], then_branch=body, else_branch=body),
    ]
    quantised = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "scale", "zero"], ["xd"]),
        helper.make_node("Conv", ["xd", "w"], ["y"]),
    ]
    lstm = [helper.make_node("LSTM", ["x", "lw", "lr"], ["y"], hidden_size=8)]
    function = helper.make_function(
        "me",
        "Twice",
        ["a"],
        ["b"],
        [helper.make_node("Add", ["a", "a"], ["b"])],
        [helper.make_opsetid("", 17)],
    )
    scalars = [
        numpy_helper.from_array(np.float32(0.1), "scale"),
        numpy_helper.from_array(np.uint8(0), "zero"),
    ]
    flag = numpy_helper.from_array(np.array(True), "k")
    lstm_weights = [weight("lw", 1, 32, 16), weight("lr", 1, 32, 8)]
    twice = [helper.make_node("Twice", ["x"], ["y"], domain="me")]
    made = [
        model(conv, [image], "y", [weight("w", 8, 3, 3, 3), weight("v", 10, 8)]),
        model(encoder, [tokens], "y", [weight("q", 16, 16), *numbers]),
        model(branch, [image], "y", [flag]),
        model(quantised, [image], "y", [weight("w", 8, 3, 3, 3), *scalars]),
        model(lstm, [("x", TensorProto.FLOAT, [5, 2, 16])], "y", lstm_weights),
        model(twice, [image], "y", [], functions=[function], domains=["me"]),
    ]
    return [m.SerializeToString() for m in made]


def mutated(files: list[bytes], rng: random.Random) -> bytes:
    """One of the files, changed."""
    data = bytearray(rng.choice(files))
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        kind = rng.randrange(7)
        at = rng.randrange(len(data)) if data else 0
        if kind == 0 and data:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and data:
            data[at] = rng.randrange(256)
        elif kind == 2:
            del data[at : at + rng.randrange(1, 40)]
        elif kind == 3:
            data[at:at] = data[at : at + rng.randrange(1, 200)]
        elif kind == 4:
            other = rng.choice(files)
            start = rng.randrange(len(other))
            data[at:at] = other[start : start + rng.randrange(1, 80)]
        elif kind == 5:
            return structured(bytes(data), rng)
        else:
            del data[at:]
    return bytes(data)


def structured(data: bytes, rng: random.Random) -> bytes:
    """A change that leaves a readable model: numbers and names replaced."""
    try:
        model = onnx.ModelProto.FromString(data)
    except Exception:  # whatever the parser raises: then it stays broken
        return data
    try:
        return _changed(model, rng)
    except UnicodeDecodeError:  # a name that is no text
        return data


def _changed(model, rng: random.Random) -> bytes:
    graph = model.graph
    kind = rng.randrange(6)
    if kind == 0 and graph.input:
        dims = rng.choice(graph.input).type.tensor_type.shape.dim
        if dims:
            rng.choice(dims).dim_value = rng.choice(EXTREME)
    elif kind == 1 and graph.initializer:
        tensor = rng.choice(graph.initializer)
        if tensor.dims:
            tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(EXTREME)
    elif kind == 2 and graph.node:
        node = rng.choice(graph.node)
        node.op_type = rng.choice(
            ("Conv", "MatMul", "LSTM", "If", "Attention", "Resize", "Foo", "Einsum", "Scan")
        )
    elif kind == 3 and graph.node:
        node = rng.choice(graph.node)
        for attribute in node.attribute:
            attribute.i = rng.choice(EXTREME)
            if attribute.ints:
                attribute.ints[0] = rng.choice(EXTREME)
    elif kind == 4 and graph.node:
        a, b = rng.choice(graph.node), rng.choice(graph.node)
        if a.input and b.output:
            a.input[0] = b.output[0]
    elif graph.node:
        node = rng.choice(graph.node)
        if node.output:
            node.output[0] = rng.choice(("", "\x00", "x", "a" * 10_000, "\ud7ff", "'; DROP"))
    return model.SerializeToString()


def read_one(data: bytes) -> tuple[str, str]:
    """What became of a file: read, refused, or what else was raised."""
    from archcast.core.errors import ArchcastError
    from archcast.featurize.networks import network

    try:
        made = network(data)
        if not made.symbols:
            made.summary().to_dict()
    except ArchcastError as error:
        return ("refused", "") if "\n" not in str(error) else ("several lines", str(error)[:200])
    except MemoryError:
        return "memory", ""
    except Exception as error:  # what a fuzzer is to find
        return "raised", f"{type(error).__name__}: {str(error)[:160]}"
    return "read", ""


def work(jobs, answers) -> None:
    """A worker: reads file after file within its memory."""
    limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + 3 * MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for seed in iter(jobs.get, None):
        data = mutated(seeds(), random.Random(seed))
        started = time.perf_counter()
        outcome, detail = read_one(data)
        answers.put((seed, outcome, detail, time.perf_counter() - started))


def main() -> None:
    """Run, print and write down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    count, first = (lambda a: (a.count, a.seed))(parser.parse_args())
    context = multiprocessing.get_context("spawn")
    tally: Counter[str] = Counter()
    slowest, details = 0.0, Counter()
    worker = jobs = answers = None
    for seed in range(first, first + count):
        if worker is None or not worker.is_alive():
            jobs, answers = context.Queue(), context.Queue()
            worker = context.Process(target=work, args=(jobs, answers), daemon=True)
            worker.start()
        jobs.put(seed)
        outcome, detail, seconds = answered(worker, answers, seed)
        tally[outcome] += 1
        if detail or outcome not in ("read", "refused"):
            details[f"{outcome}: {detail} (seed {seed})"] += 1
        slowest = max(slowest, seconds)
        if outcome in ("crashed", "hung"):
            worker.kill()
            worker = None
    if worker is not None:
        jobs.put(None)
        worker.join(5)
    rows = [("files", count), *sorted(tally.items()), ("slowest_s", round(slowest, 3))]
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w", newline="") as file:
        csv.writer(file).writerows([("outcome", "count"), *rows])
    for name, value in rows:
        print(f"{name:<14}{value}")
    for text, times in details.most_common(40):
        print(f"{times:>5}  {text}")


def answered(worker, answers, seed: int) -> tuple[str, str, float]:
    """A worker's answer; it may have died or be stuck."""
    import queue

    started = time.perf_counter()
    while time.perf_counter() - started < 30:
        try:
            _, outcome, detail, seconds = answers.get(timeout=0.5)
        except queue.Empty:
            if not worker.is_alive():
                return "crashed", f"exit code {worker.exitcode}", time.perf_counter() - started
            continue
        return ("slow" if seconds > SECONDS else outcome), detail, seconds
    return "hung", "", time.perf_counter() - started


if __name__ == "__main__":
    main()
