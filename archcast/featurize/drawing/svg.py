"""The drawing itself, as SVG: one column, repeats framed, shares of the work as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from archcast.core.network import Dim, Network
from archcast.featurize.drawing.boxes import Box, boxes
from archcast.featurize.drawing.fold import Run, folded

WIDTH, HEIGHT, GAP, ASIDE, FRAME = 250, 40, 26, 24, 14
_COLOURS = {
    "products": (
        "#dbe9f6",
        "conv_kxk conv_1x1 conv_grouped conv_depthwise conv_transposed linear matmul recurrent",
    ),
    "attention": ("#fde3c8", "attention softmax"),
    "normalisation": ("#e0f0dc", "batch_norm norm"),
    "pools and sizes": ("#eadff2", "pool global_pool resize reduction"),
    "element by element": ("#fbf3c4", "activation add multiply elementwise quantize zero"),
    "data moved": ("#ececec", "concat shuffle copy gather sort random"),
    "others": ("#f8d7da", "detection control unknown"),
}
_COLOUR = {kind: colour for colour, kinds in _COLOURS.values() for kind in kinds.split()}
_STYLE = (
    "text{font:12px system-ui,DejaVu Sans,sans-serif;fill:#222}"
    ".s{font-size:10.5px;fill:#555}.t{font-weight:600}rect.b{stroke:#888}"
    ".f{fill:none;stroke:#999;stroke-dasharray:5 4}path{fill:none;stroke:#666;stroke-width:1.2}"
)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A box with the middle of its upper edge."""

    box: Box
    x: float
    y: float


def drawing(network: Network, runtime: str = "onnxruntime") -> str:
    """A network as SVG text.

    Args:
        runtime: what joins its nodes into boxes, key of `archcast.featurize.kernels.RUNTIMES`.

    Raises:
        InputError: a shape is not known; names the node.
        UnknownNameError: no such runtime.
    """
    every = boxes(network, runtime)
    runs = folded(every)
    whole = max(sum(box.kernel.macs for box in every), 1)
    rows = {run.boxes[0].number: _layers(run) for run in runs}
    widest = max((len(row) for layers in rows.values() for row in layers), default=1)
    width = widest * (WIDTH + ASIDE) + 2 * FRAME + 90
    out, y = _head(network, width), 64.0
    above: list[tuple[float, float]] = [(width / 2, y - 14)]
    for run in runs:
        placed, bottom = _place(rows[run.boxes[0].number], width / 2, y + (FRAME if run.times > 1 else 0))
        out += _arrows(run, placed, above)
        out += [_drawn(p, p.box.kernel.macs * (run.times if run.alike else 1) / whole) for p in placed]
        if run.times > 1:
            bottom += FRAME
            out.append(_frame(run, placed, y - 4, bottom - 4, width))
        ends = [p for p in placed if p.box.number == max(q.box.number for q in placed)]
        above = [(p.x, bottom if run.times > 1 else p.y + HEIGHT) for p in ends]
        y = bottom + GAP
    out += _legend(every, y)
    size = f'width="{width:.0f}" height="{y + 60:.0f}" viewBox="0 0 {width:.0f} {y + 60:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{_STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(out)}</svg>\n'
    )


def _head(network: Network, width: float) -> list[str]:
    summary = network.summary()
    inputs = ", ".join(f"{name} {_shape(network.values[name].shape or ())}" for name in network.inputs)
    counts = f"{summary.params / 1e6:,.2f} M parameters, {summary.macs / 1e9:,.3f} G multiply-adds"
    return [_text(width / 2, 20, counts, "t"), _text(width / 2, 40, _cut(inputs, int(width / 6.5)), "s")]


def _layers(run: Run) -> list[list[Box]]:
    """Boxes of a run by the longest way to them inside it."""
    level: dict[int, int] = {}
    for box in run.boxes:
        level[box.number] = max((level[b] + 1 for b in box.before if b in level), default=0)
    layers: list[list[Box]] = [[] for _ in range(max(level.values()) + 1)]
    for box in run.boxes:
        layers[level[box.number]].append(box)
    return layers


def _place(layers: Sequence[Sequence[Box]], middle: float, top: float) -> tuple[list[_Placed], float]:
    """Where the boxes of a run stand, each layer in the order of what it reads; and where the run ends."""
    where: dict[int, float] = {}
    placed, y = [], top
    for layer in layers:
        ordered = sorted(layer, key=lambda box: _mean([where[b] for b in box.before if b in where], middle))
        left = middle - (len(ordered) - 1) * (WIDTH + ASIDE) / 2
        for i, box in enumerate(ordered):
            where[box.number] = left + i * (WIDTH + ASIDE)
            placed.append(_Placed(box, where[box.number], y))
        y += HEIGHT + GAP
    return placed, y - GAP


def _arrows(run: Run, placed: Sequence[_Placed], above: Sequence[tuple[float, float]]) -> list[str]:
    """Arrows inside a run, and into it from what stands above it."""
    where = {p.box.number: p for p in placed}
    first = run.boxes[0].number
    out = []
    for p in placed:
        for b in p.box.before:
            if b in where:
                q = where[b]
                out.append(_way(q.x, q.y + HEIGHT, p.x, p.y))
            elif b < first:
                out += [_way(x, y, p.x, p.y) for x, y in above]
    return out


def _way(x0: float, y0: float, x1: float, y1: float) -> str:
    """A line down; one that would run through boxes goes around them."""
    if y1 - y0 > 2 * GAP + HEIGHT / 2:
        side = max(x0, x1) + WIDTH / 2 + ASIDE / 2
        middle = f"C{side:.0f} {y0 + GAP:.0f} {side:.0f} {y0 + GAP:.0f} {side:.0f} {y0 + HEIGHT:.0f}"
        return (
            f'<path d="M{x0:.0f} {y0:.0f}{middle}L{side:.0f} {y1 - HEIGHT:.0f}'
            f'C{side:.0f} {y1 - GAP / 2:.0f} {x1:.0f} {y1 - GAP:.0f} {x1:.0f} {y1:.0f}"/>'
        )
    bend = (y1 - y0) / 2
    return (
        f'<path d="M{x0:.0f} {y0:.0f}C{x0:.0f} {y0 + bend:.0f} {x1:.0f} {y1 - bend:.0f} {x1:.0f} {y1:.0f}"/>'
    )


def _drawn(p: _Placed, share: float) -> str:
    kernel, left = p.box.kernel, p.x - WIDTH / 2
    sizes = " ".join(_shape(shape) for shape in p.box.weights[:1])
    far = f"  from {', '.join(f'#{b}' for b in p.box.far[:3])}" if p.box.far else ""
    second = f"{_shape(p.box.shape)}  {'weights ' + sizes if sizes else ''}{far}"
    hover = f"#{p.box.number} {kernel.part}: {', '.join(kernel.operators)}; {kernel.macs:,} multiply-adds"
    return (
        f"<g><title>{escape(hover)}</title>"
        f'<rect class="b" x="{left:.0f}" y="{p.y:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="5" '
        f'fill="{_COLOUR.get(kernel.kind, "#f8d7da")}"/>'
        f'<rect x="{left:.0f}" y="{p.y + HEIGHT - 4:.0f}" width="{WIDTH * share:.1f}" '
        'height="4" fill="#c0504d"/>'
        + _text(p.x, p.y + 16, _cut(_title(p.box), 38), "t")
        + _text(p.x, p.y + 31, _cut(second, 46), "s")
        + "</g>"
    )


def _title(box: Box) -> str:
    names = [op.rpartition("::")[2] for op in dict.fromkeys(box.kernel.operators)]
    kind = box.kernel.kind
    if kind in ("attention", "norm", "softmax") and len(names) > 2:
        return kind.capitalize()
    return " + ".join(names[:3]) + (" ..." if len(names) > 3 else "")


def _frame(run: Run, placed: Sequence[_Placed], top: float, bottom: float, width: float) -> str:
    reach = max(abs(p.x - width / 2) for p in placed) + WIDTH / 2 + FRAME
    label = f"\u00d7 {run.times}" + ("" if run.alike else ", sizes differ")
    return (
        f'<rect class="f" x="{width / 2 - reach:.0f}" y="{top:.0f}" width="{2 * reach:.0f}" '
        f'height="{bottom - top:.0f}" rx="8"/>'
        + _text(width / 2 + reach - 6, top + 11, label, "s", anchor="end")
    )


def _legend(every: Sequence[Box], y: float) -> list[str]:
    there = {box.kernel.kind for box in every}
    shown = [(n, c) for n, (c, kinds) in _COLOURS.items() if there & set(kinds.split())]
    out = []
    for i, (name, colour) in enumerate(shown):
        x, row = 16 + (i % 2) * 150, y + 18 * (i // 2)
        out.append(f'<rect class="b" x="{x}" y="{row:.0f}" width="12" height="12" fill="{colour}"/>')
        out.append(_text(x + 18, row + 10, name, "s", anchor="start"))
    return out


def _text(x: float, y: float, text: str, style: str, *, anchor: str = "middle") -> str:
    return f'<text class="{style}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(text)}</text>'


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _shape(dims: Sequence[Dim]) -> str:
    return "x".join(map(str, dims))


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
