"""The service over HTTP. `app` and `server` need `archcast[serve]` and are imported where they are used."""

from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.errors import OverloadedError, QueueFullError, TooLateError
from archcast.serving.http.models import Catalogue
from archcast.serving.http.settings import ServeSettings, make_settings

__all__ = [
    "Catalogue",
    "DataPlane",
    "OverloadedError",
    "QueueFullError",
    "ServeSettings",
    "TooLateError",
    "make_settings",
]
