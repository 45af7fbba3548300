"""Constructors as tables write them, such as `torchvision vgg16`, as modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import torch

from archcast.core.errors import InputError

_SHORT = {
    r"torchvision (\w+)": "torchvision.models.{}()",
    r"timm (\w+)": "timm.create_model('{}')",
    r"pytorchcv:? (\w+)": "pytorchcv.model_provider.get_model('{}')",
}
_PACKAGES = (
    "torchvision.models",
    "torchvision.models.video",
    "torchvision.models.segmentation",
    "timm",
    "pytorchcv.model_provider",
    "transformers",
)
_OPTIONS = {"googlenet": {"init_weights": False}, "inception_v3": {"init_weights": False}}
"""Of torchvision's, so that nothing is drawn at random."""


def full_call(text: str) -> str:
    """A constructor's call without remarks, written out; the first where a table names several."""
    text = re.split(r"  #| with | / | or ", text)[0].strip()
    for short, call in _SHORT.items():
        if found := re.match(short, text):
            return call.format(found.group(1))
    return text


def constructor(text: str) -> str:
    """Name of what a call makes: timm's or pytorchcv's of a network, or the function's or class's own."""
    call = full_call(text)
    named = re.match(r"(?:timm\.create_model|pytorchcv\.\w+\.get_model)\('([^']+)'", call)
    return named.group(1) if named else call.partition("(")[0].rpartition(".")[2]


def forms(text: str) -> Iterator[Callable[[], Any]]:
    """Modules that a call may stand for, in evaluation mode, most without weights.

    The call as it is, with branches merged, without a head that only training reads, and residual networks
    with the strides of their first publication or of TensorFlow's.

    Raises:
        InputError: it is no call of a package that is known here.
    """
    call = full_call(text)
    yield lambda: _module(call)
    if call.startswith("timm."):
        yield lambda: _merged(_module(call))
    if "aux_loss=True" in call:
        yield lambda: _module(call.replace("aux_loss=True", "aux_loss=False"))
    if re.match(r"torchvision\.models\.resnet(50|101|152)\(", call):
        yield lambda: _strided_first(_module(call))
        yield lambda: _strided_last(_module(call))


def _module(call: str) -> Any:
    try:
        tree = ast.parse(call, mode="eval").body
    except SyntaxError as error:
        raise InputError(f"{call} is no call of a constructor") from error
    try:
        with torch.device("meta"):
            return _made(tree).eval()
    except NotImplementedError:  # it works out its widths with tensors
        return _made(tree).to("meta").eval()


def _merged(module: Any) -> Any:
    from timm.utils import reparameterize_model

    return reparameterize_model(module.to_empty(device="cpu"))


def _strided_first(module: Any) -> Any:
    for block in module.modules():
        if hasattr(block, "conv3"):
            block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
    return module


def _strided_last(module: Any) -> Any:
    """A stage's last block strides, and skips with a pool, instead of the next stage's first."""
    for stage in (module.layer2, module.layer3, module.layer4):
        stage[0].conv2.stride = stage[0].downsample[0].stride = (1, 1)
    for stage in (module.layer1, module.layer2, module.layer3):
        stage[-1].conv2.stride = (2, 2)
        stage[-1].downsample = torch.nn.MaxPool2d(1, 2)
    return module


def _made(tree: ast.expr) -> Any:
    if not isinstance(tree, ast.Call):
        return ast.literal_eval(tree)
    package, _, name = ast.unparse(tree.func).rpartition(".")
    if not package and name.endswith("Config"):
        package = "transformers"
    if package not in _PACKAGES:
        raise InputError(f"constructor {ast.unparse(tree.func)} is not known here")
    options = {word.arg: _made(word.value) for word in tree.keywords if word.arg}
    if package == "torchvision.models":
        options |= _OPTIONS.get(name, {})
    return getattr(import_module(package), name)(*map(_made, tree.args), **options)
