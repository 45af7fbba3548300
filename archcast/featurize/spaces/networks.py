"""The space of all networks, which has no codes: its members are model files, models and networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Arch, ArchBatch
from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.featurize.networks import NETWORK, is_module, is_network, network
from archcast.featurize.spaces.base import Space
from archcast.featurize.spaces.checks import check_batch


class NetworkBatch(NamedTuple):
    """A batch of networks, read."""

    space: Space
    networks: tuple[Network, ...]

    def parsed(self) -> NoReturn:
        """There are no codes; raise InputError."""
        NETWORKS.check_decisions()


class AllNetworks(Space):
    """Networks of any form."""

    name = NETWORK
    columns = ()
    cardinalities = ()
    datasets = ("",)

    def matches(self, item: Arch) -> bool:
        """Whether it is a network, a model, or the path of a model file."""
        return is_network(item) or is_module(item)

    def check_decisions(self) -> NoReturn:
        """There are none.

        Raises:
            InputError: always.
        """
        raise InputError("networks of any form have no codes: name the space that they are members of")

    def pick_dataset(self, available: Sequence[str], asked: str | None = None, *, of: str = "") -> str:
        """None, as a network says itself what it is given."""
        del available, of
        if asked:
            raise InputError(f"dataset must be left out for networks of any form, got {asked!r}")
        return ""

    def read(self, batch: ArchBatch) -> NetworkBatch:
        """The networks of a batch of networks, ONNX models, and paths of model files.

        Raises:
            InputError: an item is none of these, or cannot be read; names the item.
        """
        return self.read_checked(check_batch(batch))

    def read_checked(self, items: Sequence[Arch] | NDArray[Any]) -> NetworkBatch:
        """The same of what `check_batch` gave."""
        if isinstance(items, np.ndarray):
            self.check_decisions()
        if set(map(type, items)) == {Network}:
            return NetworkBatch(self, tuple(items))
        return NetworkBatch(self, tuple(map(_read, items, range(len(items)))))


def _read(given: Arch, item: int) -> Network:
    """The network of an item of a batch."""
    if type(given) is Network:
        return given
    if is_module(given):
        raise InputError(
            "a torch module must be read with the shape of its input first, as archcast.network(module, "
            "example=(1, 3, 224, 224))",
            item=item,
        )
    try:
        return network(given)
    except InputError as error:
        sentence = str(error).removesuffix(f" (item {error.item})")
        raise InputError(sentence, item=item) from error


NETWORKS = AllNetworks()
