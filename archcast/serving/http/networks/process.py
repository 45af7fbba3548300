"""One worker as the service sees it: a process that is asked, waited for, and killed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

from archcast.serving.frames import Frame, head_bytes, receive_frame
from archcast.serving.http.errors import LostError, WorkerError
from archcast.serving.processes import command, environment

_MODULE = "archcast.serving.http.networks.worker"
_PIECE = 2**20
"""Bytes that are written to a worker at once."""
_START_S = 60.0


class WorkerProcess:
    """A process that reads networks and answers for them, one message at a time.

    Args:
        memory_bytes: that it may take.
    """

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._process: asyncio.subprocess.Process | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            WorkerError: it does not.
        """
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            async with asyncio.timeout(_START_S):
                self._process = await asyncio.create_subprocess_exec(
                    *command(_MODULE, str(self._memory_bytes)),
                    stdin=pipe,
                    stdout=pipe,
                    stderr=nothing,
                    env=environment(),
                    start_new_session=True,
                )
                await self._exchange({"kind": "ready"}, ())
        except (OSError, EOFError, TimeoutError) as error:
            await self.kill()
            raise WorkerError(f"the process that reads networks cannot be started: {error!r}") from error
        except BaseException:
            await self.kill()
            raise

    async def ask(self, head: Mapping[str, object], parts: Sequence[bytes]) -> Frame:
        """The answer to a message whose one part is what `parts` are together.

        Raises:
            LostError: the process ended.
        """
        try:
            return await self._exchange(head, parts)
        except (OSError, EOFError) as error:
            most = self._memory_bytes // 2**20
            raise LostError(
                f"reading the network ended the process that did so: it may take {most} MiB of memory at most"
            ) from error

    async def kill(self) -> None:
        """End it at once."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    async def _exchange(self, head: Mapping[str, object], parts: Sequence[bytes]) -> Frame:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EOFError("it does not run")
        size = sum(map(len, parts))
        process.stdin.write(head_bytes(head, [size] if parts else []))
        for part in parts:
            for start in range(0, len(part), _PIECE):
                process.stdin.write(memoryview(part)[start : start + _PIECE])
                await process.stdin.drain()
        await process.stdin.drain()
        return await receive_frame(process.stdout)
