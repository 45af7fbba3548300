"""torch's operations as ONNX's; one file a family."""

from archcast.featurize.readers.aten import elementwise, products, reductions, shapes
from archcast.featurize.readers.aten.base import ATEN, FUNCTIONS

__all__ = ["ATEN", "FUNCTIONS", "elementwise", "products", "reductions", "shapes"]
