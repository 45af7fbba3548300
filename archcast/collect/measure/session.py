"""Networks on a runner, kept loaded through lost connections.

A network is loaded under a name. When the connection breaks, the session connects again, loads what was
loaded, and asks once more; a network on which the runner breaks twice is at fault itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from archcast.collect.measure.channel import Channel, ChannelError, ConnectionLostError, RefusedError
from archcast.collect.measure.runner import PROTOCOL
from archcast.core.errors import InputError

LoadRequest = Callable[[], Mapping[str, Any]]
"""Makes the request `load` of a network, without its name; called anew after a lost connection."""

HELLO_SECONDS = 60.0
PAUSES_SECONDS = (0.0, 1.0, 5.0, 15.0)
"""Waits before each try to connect again."""
TRIES = 2


class NetworkError(Exception):
    """A network cannot be measured, for the reason that the message gives; the session goes on."""


class Session:
    """Asks a runner about named networks.

    Args:
        channel: opened and closed by the caller.
        timeout_s: longest wait for the answer about one network.
        pauses_s: waits before each try to connect again.

    Attributes:
        hello: the runner's answer to `hello`.
        hardware: what a network runs on when it is not the processor, as the last `load` answered.
    """

    def __init__(
        self, channel: Channel, *, timeout_s: float, pauses_s: tuple[float, ...] = PAUSES_SECONDS
    ) -> None:
        self._channel, self._timeout_s, self._pauses_s = channel, timeout_s, pauses_s
        self._loaded: dict[str, LoadRequest] = {}
        self._broken = False
        self.hardware: str | None = None
        self.hello = self._greet()

    def load(self, name: str, make: LoadRequest) -> float:
        """Load a network and tell its size in MiB; raise NetworkError when it cannot be loaded."""
        try:
            answer = self._ask(name, lambda: {"command": "load", "name": name, **make()})
        except InputError as error:
            raise NetworkError(str(error)) from error
        self.hardware = answer.get("hardware")
        self._loaded[name] = make
        return float(answer["model_mib"])

    def ask(self, name: str, command: str, **fields: Any) -> dict[str, Any]:
        """Ask `command` about a loaded network; raise NetworkError when it cannot be answered."""
        return self._ask(name, lambda: {"command": command, "name": name, **fields})

    def ask_fresh(self, name: str, command: str, make: LoadRequest) -> dict[str, Any]:
        """Ask `command` about a network that need not be loaded."""
        try:
            return self._ask(name, lambda: {"command": command, "name": name, **make()})
        except InputError as error:
            raise NetworkError(str(error)) from error

    def unload(self, name: str) -> None:
        """Forget a network, loaded or not."""
        if self._loaded.pop(name, None) is not None and not self._broken:
            try:
                self._channel.request({"command": "unload", "name": name}, timeout_s=self._timeout_s)
            except ChannelError:
                self._broken = True

    def load_average(self) -> list[float] | None:
        """The machine's load over 1, 5 and 15 minutes; None where it cannot be known."""
        if self._broken:
            return None
        try:
            answer = self._channel.request({"command": "load_average"}, timeout_s=self._timeout_s)
        except ChannelError:
            self._broken = True
            return None
        average: list[float] | None = answer["load_average"]
        return average

    def _greet(self) -> dict[str, Any]:
        hello = self._channel.request({"command": "hello"}, timeout_s=HELLO_SECONDS)
        if hello.get("protocol") != PROTOCOL:
            raise ConnectionLostError(
                f"the runner speaks protocol {hello.get('protocol')!r}, this program speaks {PROTOCOL}"
            )
        return hello

    def _ask(self, name: str, make: LoadRequest) -> dict[str, Any]:
        failure: ChannelError | None = None
        for _ in range(TRIES):
            if self._broken:
                self._reconnect()
            try:
                return self._channel.request(make(), timeout_s=self._timeout_s)
            except RefusedError as error:
                raise NetworkError(str(error)) from error
            except ChannelError as error:
                self._broken, failure = True, error
        self._loaded.pop(name, None)
        raise NetworkError(f"{failure} (twice)") from failure

    def _reconnect(self) -> None:
        """Open the channel anew and load what was loaded; raise the last error after all the pauses."""
        last: Exception | None = None
        for pause in self._pauses_s:
            time.sleep(pause)
            try:
                self._channel.reopen()
                self.hello = self._greet()
                for name, make in self._loaded.items():
                    self._channel.request(
                        {"command": "load", "name": name, **make()}, timeout_s=self._timeout_s
                    )
            except (ChannelError, RefusedError) as error:
                last = error
            else:
                self._broken = False
                return
        raise ConnectionLostError(f"the connection did not come back: {last}") from last
