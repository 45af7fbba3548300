"""Beyond one process: bulk scoring in parts, Ray, and the folders that model servers load."""

from archcast.serving.scale.job import Job
from archcast.serving.scale.score import Scored, score
from archcast.serving.scale.sources import Drawn, Every, ListedFile, ParquetColumn, Source, file_source

__all__ = ["Drawn", "Every", "Job", "ListedFile", "ParquetColumn", "Scored", "Source", "file_source", "score"]
