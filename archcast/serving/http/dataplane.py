"""The service without its protocol: which models there are, and what they say of a batch in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from archcast.core.arrays import ArchBatch, Codes
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.checks import is_codes
from archcast.serving.http.batcher import Answer, Batcher
from archcast.serving.http.errors import TooManyError
from archcast.serving.http.models import Catalogue
from archcast.serving.http.networks.desk import NetworkDesk
from archcast.serving.http.refresh import Refresher
from archcast.serving.http.settings import ServeSettings
from archcast.serving.loaded import LoadedPredictor

_PARSED_INLINE = 1024
"""Batches longer than this are parsed in a thread, so that short ones are not held up by them."""
_BATCHERS = 512


class DataPlane:
    """Models, their queues and the thread that predicts what takes long.

    `refresh` may be called from any thread; everything else belongs to one event loop.

    Attributes:
        catalogue: what is served now; replaced as a whole by `refresh`.
        observe: told the size of each batch that is predicted.
        stopping: no new work should be sent here.
        networks: what answers for networks by their files and keys.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.catalogue = Catalogue()
        self.stopping = False
        self.observe: Callable[[int], None] = lambda size: None
        self.networks = NetworkDesk(settings)
        self.refresher = Refresher(keep_versions=settings.keep_versions)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="archcast-predict")
        self._batchers: dict[tuple[LoadedPredictor, float | None], Batcher] = {}

    def refresh(self) -> None:
        """Take up what has changed in the folders of predictors.

        Raises:
            ArchcastError: nothing is served yet and the predictors cannot be read.
        """
        self.catalogue = self.refresher.look(self.catalogue)

    async def close(self) -> None:
        """Let the thread and the workers go."""
        await self.networks.close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    @property
    def queued(self) -> int:
        """Architectures that wait, over all models."""
        return sum(batcher.queued for batcher in self._batchers.values())

    async def parse(self, space: Space, batch: ArchBatch, *, outputs: int = 1) -> Codes:
        """Codes of a batch; long batches are parsed in the thread, so that short ones are not held up.

        Args:
            batch: architectures in the space's notation or its text, or an integer array of codes.
            outputs: how many models will be asked for each.

        Raises:
            TooManyError: more than `max_batch` predictions.
            ParseError, InputError: as `archcast.parse`.
        """
        self.check_size(batch, outputs=outputs)
        if len(batch) <= _PARSED_INLINE or is_codes(batch):
            return space.parse(batch)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, space.parse, batch)

    async def predict(
        self, model: LoadedPredictor, codes: Codes, *, coverage: float | None, deadline: float
    ) -> Answer:
        """Values and, where a coverage is given, intervals; all of the model that is given.

        Args:
            codes: as `parse` gave them.
            deadline: by `time.perf_counter`.

        Raises:
            InputError: as `archcast.predict_interval`.
            TooLateError: the answer would come too late.
        """
        return await self._batcher(model, coverage).predict(codes, deadline=deadline)

    def check_size(self, batch: ArchBatch, *, outputs: int = 1) -> None:
        """Raise TooManyError when the batch asks for more than `max_batch` predictions."""
        asked = len(batch) * outputs
        if asked > self.settings.max_batch:
            raise TooManyError(
                f"a request must ask for at most {self.settings.max_batch} predictions, got {asked}"
            )

    def _batcher(self, model: LoadedPredictor, coverage: float | None) -> Batcher:
        key = (model, coverage)
        batcher = self._batchers.get(key)
        if batcher is None:
            self._forget_idle()
            batcher = self._batchers[key] = Batcher(
                model,
                coverage,
                executor=self._executor,
                batched=self.settings.batch_architectures,
                inline_s=self.settings.inline_ms / 1000,
                observe=lambda size: self.observe(size),
            )
        return batcher

    def _forget_idle(self) -> None:
        """Callers choose coverages and versions come and go, so queues must not pile up."""
        if len(self._batchers) >= _BATCHERS:
            self._batchers = {key: b for key, b in self._batchers.items() if not b.idle}
