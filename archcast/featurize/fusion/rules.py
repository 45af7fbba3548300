"""Rules by which runtimes join nodes; each can be read, and switched, by itself.

| rule | joins |
|---|---|
| `quantized` | what turns numbers into few bits and back to what it follows; stands before the others |
| `constants` | what depends on no input, which is worked out once: it costs nothing when run |
| `normalization` | a layer or root-mean-square normalisation, or softmax, that is written out |
| `activation` | an activation that is written out, such as GELU by the error function or x sigmoid(x) |
| `attention` | two matrix products with a softmax between them |
| `batch_norm` | a batch normalisation to the convolution or linear layer before it |
| `epilogue_activation` | an activation to the product, normalisation or sum before it |
| `epilogue_clip` | an activation that cuts values off, such as ReLU, to the product or sum before it |
| `epilogue_written` | an activation that ncnn writes into a product's layer, to the product before it |
| `epilogue_add` | a sum to the convolution or linear layer before it, which adds as it writes |
| `pointwise` | anything element by element to anything element by element before it |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archcast.core.registry import Registry
from archcast.featurize.fusion.graph import Groups
from archcast.featurize.fusion.patterns import join_attention, join_written_out
from archcast.featurize.operators.elementwise import ACTIVATIONS, MANY, ONE

PRODUCTS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "com.microsoft::FusedMatMul"})
_ACTIVATIONS = frozenset({*ACTIVATIONS, "PRelu"})
_CLIPS = frozenset({"Relu", "Clip"})
_WRITTEN = frozenset({"Relu", "LeakyRelu", "Clip", "Sigmoid", "Mish", "HardSwish"})
_SUMS = frozenset({"Add", "Sum", "Mul", "BatchNormalization"})
_POINTWISE = frozenset({*_ACTIVATIONS, *ONE, *MANY, "Add", "Sum", "Mul"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: in `RULES`.
        apply: joins groups in place.
    """

    name: str
    apply: Callable[[Groups], None]


RULES: Registry[Rule] = Registry("fusion rule")


def rule(name: str) -> Callable[[Callable[[Groups], None]], Callable[[Groups], None]]:
    """Decorator: a function that joins groups, under a name."""

    def register(apply: Callable[[Groups], None]) -> Callable[[Groups], None]:
        RULES.register(name, Rule(name, apply))
        return apply

    return register


@rule("quantized")
def quantized(groups: Groups) -> None:
    """See the plain operators in quantised ones."""
    groups.undo_quantization()


@rule("constants")
def constants(groups: Groups) -> None:
    """Mark what depends on no input."""
    for place in groups.places():
        node = groups.node(place)
        random = node.op.startswith("Random") or node.op in ("Bernoulli", "Multinomial")
        if not random and not node.bodies and node.inputs and not groups.data(place):
            groups.constant.update(name for name in node.outputs if name not in groups.outputs)
            groups.join((place,), "constant")


@rule("normalization")
def normalization(groups: Groups) -> None:
    """Join normalisations that are written out."""
    join_written_out(groups, reductions=True)


@rule("activation")
def activation(groups: Groups) -> None:
    """Join activations that are written out."""
    join_written_out(groups, reductions=False)


@rule("attention")
def attention(groups: Groups) -> None:
    """Join attention that is written out."""
    join_attention(groups)


@rule("batch_norm")
def batch_norm(groups: Groups) -> None:
    """Join batch normalisations to what they can be folded into."""
    for place in groups.places():
        if groups.node(place).op == "BatchNormalization":
            _join_to_writer(groups, place, allowed=PRODUCTS)


@rule("epilogue_activation")
def epilogue_activation(groups: Groups) -> None:
    """Join activations to what can apply them as it writes."""
    for place in groups.places():
        activates = groups.node(place).op in _ACTIVATIONS or groups.kind(place) == "activation"
        if activates and not _holds(groups, place, PRODUCTS):
            _join_to_writer(groups, place, allowed=PRODUCTS | {"Add", "Sum", "BatchNormalization"})


@rule("epilogue_clip")
def epilogue_clip(groups: Groups) -> None:
    """Join activations that only cut values off, which products and sums apply as they write."""
    for place in groups.places():
        if groups.node(place).op in _CLIPS and len(groups.of(place)) == 1:
            _join_to_writer(groups, place, allowed=PRODUCTS | _SUMS)


@rule("epilogue_written")
def epilogue_written(groups: Groups) -> None:
    """Join the activations that a layer of ncnn can hold."""
    for place in groups.places():
        if groups.node(place).op in _WRITTEN and len(groups.of(place)) == 1:
            _join_to_writer(groups, place, allowed=PRODUCTS)


@rule("epilogue_add")
def epilogue_add(groups: Groups) -> None:
    """Join sums to the last product before them."""
    for place in groups.places():
        if groups.node(place).op in ("Add", "Sum") and not groups.kind(place):
            _join_to_writer(groups, place, allowed=PRODUCTS)


@rule("pointwise")
def pointwise(groups: Groups) -> None:
    """Join chains of what is done element by element."""
    for place in groups.places():
        if groups.node(place).op in _POINTWISE and not _holds(groups, place, PRODUCTS):
            _join_to_writer(groups, place, allowed=_POINTWISE)


def _join_to_writer(groups: Groups, place: int, *, allowed: frozenset[str]) -> None:
    """Join a node's group to the last group that writes what it reads and holds an operator allowed."""
    own = set(groups.of(place))
    read = {name for member in own for name in groups.data(member)}
    writers = {w for name in read if (w := groups.writer(name)) is not None and w not in own}
    for writer in sorted(writers, reverse=True):
        if (
            _holds(groups, writer, allowed)
            and groups.kind(writer) != "constant"
            and _try(groups, writer, place)
        ):
            return


def _holds(groups: Groups, place: int, ops: frozenset[str]) -> bool:
    """Whether a node's group has an operator, of those it was made of one by one."""
    kind = groups.kind(place)
    if kind:
        return kind == "activation" and not ops <= PRODUCTS
    return any(groups.node(member).op in ops for member in groups.of(place))


def _try(groups: Groups, *places: int) -> bool:
    """Join groups where the result is one; whether it was done."""
    if not groups.may_join(places):
        return False
    members = {member for place in places for member in groups.of(place)}
    products = sum(groups.node(member).op in PRODUCTS for member in members)
    if products > 1 and not any(groups.kind(place) == "attention" for place in places):
        return False
    groups.join(places)
    return True
