"""Torch modules of two search spaces that a user could have: a mobile one, and Once-for-All's MobileNetV3.

Both are read at the resolution that a choice names, so that `build` gives the network and no module.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import archcast
from archcast.core.network import Network

RESOLUTIONS = tuple(range(128, 225, 4))
MOBILE: dict[str, list[Any]] = {"resolution": [160, 192, 224, 256], "act": ["relu", "hswish"]}
WIDTHS = ((16, 24), (32, 40), (64, 80), (96, 112), (160, 192))
for _stage, _widths in enumerate(WIDTHS):
    MOBILE |= {f"depth{_stage}": [1, 2, 3, 4], f"width{_stage}": list(_widths)}
    MOBILE |= {f"kernel{_stage}": [3, 5, 7], f"expand{_stage}": [3, 4, 6]}
OFA: dict[str, list[Any]] = {"r": list(RESOLUTIONS)}
OFA_CHANNELS, OFA_STRIDES = (24, 40, 80, 112, 160), (2, 2, 2, 1, 2)
OFA_ACTS = ("relu", "relu", "hswish", "hswish", "hswish")
OFA_SQUEEZED = (False, True, False, True, True)
for _stage in range(5):
    OFA[f"d{_stage}"] = [2, 3, 4]
    for _layer in range(4):
        OFA |= {f"ks{_stage}_{_layer}": [3, 5, 7], f"e{_stage}_{_layer}": [3, 4, 6]}


def _act(name: str) -> nn.Module:
    return nn.ReLU(inplace=True) if name == "relu" else nn.Hardswish(inplace=True)


def conv(inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, act: str = "") -> Any:
    """Convolution, batch norm and activation."""
    made = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*made, *([_act(act)] if act else []))


class SqueezeExcite(nn.Module):
    """Channel attention."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        reduced = max(8, int(channels // 4 + 4) // 8 * 8)
        reduced += 8 if reduced < 0.9 * (channels // 4) else 0
        self.reduce, self.expand = nn.Conv2d(channels, reduced, 1), nn.Conv2d(reduced, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input times its gates."""
        gate = self.expand(torch.relu(self.reduce(x.mean((2, 3), keepdim=True))))
        return x * nn.functional.hardsigmoid(gate)


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, squeeze-excite and projection, with the input added where it fits."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int, expand: int, stride: int, act: str, squeeze: bool
    ) -> None:
        super().__init__()
        hidden = inputs * expand
        layers = [conv(inputs, hidden, 1, act=act)] if expand > 1 else []
        layers.append(conv(hidden, hidden, kernel, stride=stride, groups=hidden, act=act))
        layers += [SqueezeExcite(hidden)] if squeeze else []
        layers.append(conv(hidden, outputs, 1))
        self.layers, self.adds = nn.Sequential(*layers), stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape (n, outputs, h / stride, w / stride)."""
        return x + self.layers(x) if self.adds else self.layers(x)


def _read(layers: list[nn.Module], resolution: int) -> Network:
    return archcast.network(nn.Sequential(*layers), example=(1, 3, resolution, resolution))


def build_mobile(choice: dict[str, Any]) -> Network:
    """Stages whose layers share width, kernel and expansion."""
    act, channels = choice["act"], 16
    layers: list[nn.Module] = [conv(3, channels, 3, stride=2, act=act)]
    for stage in range(len(WIDTHS)):
        width, blocks = choice[f"width{stage}"], []
        for layer in range(choice[f"depth{stage}"]):
            block = InvertedResidual(
                channels,
                width,
                kernel=choice[f"kernel{stage}"],
                expand=choice[f"expand{stage}"],
                stride=1 if layer or stage == 3 else 2,
                act=act,
                squeeze=False,
            )
            blocks.append(block)
            channels = width
        layers.append(nn.Sequential(*blocks))
    head = [conv(channels, 960, 1, act=act), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(960, 1000)]
    return _read([*layers, *head], choice["resolution"])


def build_ofa(choice: dict[str, Any]) -> Network:
    """Once-for-All's MobileNetV3 of width 1.0; layers beyond a stage's depth are ignored."""
    layers: list[nn.Module] = [conv(3, 16, 3, stride=2, act="hswish")]
    layers.append(InvertedResidual(16, 16, kernel=3, expand=1, stride=1, act="relu", squeeze=False))
    channels = 16
    for stage, outputs in enumerate(OFA_CHANNELS):
        blocks = []
        for layer in range(choice[f"d{stage}"]):
            block = InvertedResidual(
                channels,
                outputs,
                kernel=choice[f"ks{stage}_{layer}"],
                expand=choice[f"e{stage}_{layer}"],
                stride=1 if layer else OFA_STRIDES[stage],
                act=OFA_ACTS[stage],
                squeeze=OFA_SQUEEZED[stage],
            )
            blocks.append(block)
            channels = outputs
        layers.append(nn.Sequential(*blocks))
    layers += [conv(channels, 960, 1, act="hswish"), nn.AdaptiveAvgPool2d(1)]
    layers += [nn.Conv2d(960, 1280, 1, bias=False), nn.Hardswish(), nn.Flatten(), nn.Linear(1280, 1000)]
    return _read(layers, choice["r"])


def ofa_arch(choice: dict[str, Any]) -> dict[str, Any]:
    """The same member in the notation of the space `ofa_mbv3`."""
    used = [(stage, layer) for stage in range(5) for layer in range(4)]
    there = [layer < choice[f"d{stage}"] for stage, layer in used]
    return {
        "ks": [choice[f"ks{s}_{i}"] if have else 0 for (s, i), have in zip(used, there, strict=True)],
        "e": [choice[f"e{s}_{i}"] if have else 0 for (s, i), have in zip(used, there, strict=True)],
        "d": [choice[f"d{stage}"] for stage in range(5)],
        "r": choice["r"],
    }
