"""How long networks take to be read, recorded and turned into columns, each beside a named alternative.

| row | what | beside |
|---|---|---|
| `read` | reading and summarising an ONNX file of 100 MB | `onnx.load` of the same file without its weights |
| `record` | recording a ResNet-50 on meta tensors | its own forward on meta tensors |
| `columns` | columns of a network of 1,000 nodes, not seen before | `onnx.shape_inference` of it |
| `columns_known` | columns of 1,024 networks that were seen | stacking as many rows of NumPy |
| `large` | reading a model of 200,000 nodes | `onnx.shape_inference` of it |

    python benchmarks/network_speed.py
"""

from __future__ import annotations

import csv
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn

from archcast.core.network import Network, Node, Value
from archcast.featurize.encoders.networks import COLUMNS, network_columns
from archcast.featurize.networks import network
from archcast.featurize.onnx_model import model_of, to_onnx
from archcast.featurize.readers.torch import read_module

RESULTS = Path(__file__).with_name("results") / "network_speed.csv"


class Bottleneck(nn.Module):
    """ResNet's block (He et al., CVPR 2016)."""

    def __init__(self, width: int, out: int, stride: int, given: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(given, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
            *(nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
            *(nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out)),
        )
        short = [nn.Conv2d(given, out, 1, stride, bias=False), nn.BatchNorm2d(out)]
        self.short = nn.Sequential(*short) if stride > 1 or given != out else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(x) + self.short(x))


def resnet50() -> nn.Module:
    """ResNet-50, without weights."""
    with torch.device("meta"):
        layers: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
        layers.append(nn.MaxPool2d(3, 2, 1))
        given = 64
        for stage, count in enumerate((3, 4, 6, 3)):
            width = 64 * 2**stage
            for block in range(count):
                stride = 2 if stage and not block else 1
                layers.append(Bottleneck(width, 4 * width, stride, given))
                given = 4 * width
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000)]
        return nn.Sequential(*layers).eval()


def chain(nodes: int, width: int) -> Network:
    """A network of so many nodes, unlike those of other widths."""
    values = {f"v{i}": Value(f"v{i}", (1, width, 8, 8)) for i in range(nodes + 1)}
    values |= {f"w{i}": Value(f"w{i}", (width, width, 3, 3), constant=True) for i in range(0, nodes, 2)}
    made = tuple(
        Node("Conv", (f"v{i}", f"w{i}"), (f"v{i + 1}",), {"pads": (1,) * 4})
        if i % 2 == 0
        else Node("Relu", (f"v{i}",), (f"v{i + 1}",))
        for i in range(nodes)
    )
    return Network(values, made, ("v0",), (f"v{nodes}",))


def timed(call: Callable[[], Any], repeats: int) -> float:
    """Median seconds of processor time of a call."""
    call()
    taken = []
    for _ in range(repeats):
        started = time.process_time()
        call()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def main() -> None:
    """Measure, print, write down."""
    torch.set_num_threads(1)
    module = resnet50()
    recorded = read_module(module, (1, 3, 224, 224))
    image = torch.empty(1, 3, 224, 224, device="meta")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resnet50.onnx"
        path.write_bytes(to_onnx(recorded))
        size = path.stat().st_size
        bare = Path(folder) / "bare.onnx"
        bare.write_bytes(model_of(recorded).SerializeToString())
        ours = timed(lambda: network(path).summary().to_dict(), 9)
        theirs = timed(lambda: onnx.load(bare), 9)
        shape = {"bytes": size}
    rows = [("read", f"{shape['bytes'] / 2**20:.0f} MiB", ours, "onnx.load without weights", theirs)]
    with torch.no_grad():
        forward = timed(lambda: module(image), 9)
    record = timed(lambda: read_module(module, (1, 3, 224, 224)), 9)
    rows.append(("record", "ResNet-50", record, "its forward on meta tensors", forward))
    fresh = iter([chain(1000, width) for width in range(8, 48)])
    columns = timed(lambda: network_columns([next(fresh)]), 19)
    model = model_of(chain(1000, 7))
    inference = timed(lambda: onnx.shape_inference.infer_shapes(model), 9)
    rows.append(("columns", "1,000 nodes", columns, "onnx.shape_inference", inference))
    known = [chain(20, width) for width in range(1, 1025)]
    network_columns(known)
    many = timed(lambda: network_columns(known), 49)
    vectors = [np.zeros(len(COLUMNS)) for _ in known]
    stack = timed(lambda: np.stack(vectors), 49)
    rows.append(("columns_known", "1,024 networks", many, "np.stack of as many rows", stack))
    content = model_of(chain(200_000, 4)).SerializeToString()
    large = timed(lambda: network(content), 1)
    model = onnx.ModelProto.FromString(content)
    inference = timed(lambda: onnx.shape_inference.infer_shapes(model), 1)
    rows.append(("large", "200,000 nodes", large, "onnx.shape_inference", inference))
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("row", "of", "ms", "alternative", "alternative_ms", "ratio"))
        for name, of, own, beside, other in rows:
            line = (
                name,
                of,
                f"{own * 1e3:.3f}",
                beside,
                f"{other * 1e3:.3f}",
                f"{own / max(other, 1e-9):.2f}",
            )
            writer.writerow(line)
            print(*line, sep="\t")
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
