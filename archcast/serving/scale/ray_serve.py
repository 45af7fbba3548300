"""The web service as a Ray Serve application: the same routes, by replicas that come and go with load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archcast.core.checks import check_above_zero, check_at_least
from archcast.core.optional import require
from archcast.serving.http.settings import ServeSettings

_PURPOSE = "serving with Ray"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """How many processes answer.

    Attributes:
        least, most: replicas; equal numbers switch autoscaling off.
        ongoing: requests under way in a replica at which another is started.
        processors: that Ray keeps for each replica.
    """

    least: int = 1
    most: int = 1
    ongoing: int = 8
    processors: float = 1.0

    def __post_init__(self) -> None:
        check_at_least(self, least=1, ongoing=1)
        check_at_least(self, most=self.least)
        check_above_zero(self, "processors")

    def options(self) -> dict[str, Any]:
        """The same in Ray Serve's words."""
        fixed: dict[str, Any] = {"ray_actor_options": {"num_cpus": self.processors}}
        if self.least == self.most:
            return fixed | {"num_replicas": self.least}
        scaling = {
            "min_replicas": self.least,
            "max_replicas": self.most,
            "target_ongoing_requests": self.ongoing,
        }
        return fixed | {"autoscaling_config": scaling}


def build_app(settings: ServeSettings | None = None, replicas: Replicas | None = None) -> Any:
    """A Ray Serve application, for `ray.serve.run` or the import path of `serve deploy`.

    Each replica has a data plane of its own and takes up new model versions by itself, so for up to
    `settings.refresh_s` two replicas may answer from different versions. Ray's proxy listens, so `host`,
    `port`, `drain_s` and `grace_s` of the settings do nothing here; limits, deadline and token hold in each
    replica, and `/metrics` are those of the replica that answers.

    Raises:
        MissingPackageError: Ray Serve or Starlette is not installed.
    """
    serve = require("ray.serve", extra="scale", purpose=_PURPOSE)
    require("starlette", extra="serve", purpose=_PURPOSE)
    chosen = ServeSettings() if settings is None else settings

    def application() -> Any:
        from archcast.serving.http.app import create_app
        from archcast.serving.http.dataplane import DataPlane

        return create_app(chosen, DataPlane(chosen))

    options = (Replicas() if replicas is None else replicas).options()
    deployment = serve.deployment(name="archcast", **options)(serve.ingress(application)())
    return deployment.bind()
