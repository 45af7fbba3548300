"""Networks of Once-for-All in forms that its own notation does not have."""

from __future__ import annotations

from typing import Any

from archcast.featurize.spaces.foreign.form import Form, Known

_SIDE = "image_size"


def _is_resnet(item: Any) -> bool:
    return isinstance(item, dict) and {"d", "e", "w"} <= item.keys() and "ks" not in item


def _has_side(item: Any) -> bool:
    return isinstance(item, dict) and {"ks", "e", "d", _SIDE} <= item.keys() and "r" not in item


def _is_uniform(item: Any) -> bool:
    return isinstance(item, dict) and any(
        isinstance(item.get(key), int | float) and not isinstance(item.get(key), bool)
        for key in ("ks", "e", "d")
    )


def _is_config(item: Any) -> bool:
    return isinstance(item, dict) and {"first_conv", "blocks", "classifier"} <= item.keys()


FORMS: tuple[Known, ...] = (
    Form(
        "Once-for-All's ResNet50, whose space is not known",
        _is_resnet,
        "give its networks as model files or torch modules",
    ),
    Form("Once-for-All's notation with its side as image_size", _has_side, "call that key r"),
    Form(
        "Once-for-All's notation with one number for all layers",
        _is_uniform,
        "write ks and e as 20 numbers, a layer each, and d as 5, a stage each",
    ),
    Form(
        "Once-for-All's configuration of one network",
        _is_config,
        "give it as a model file or torch module, or by its ks, e, d and r",
    ),
)
