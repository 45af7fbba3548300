"""Reading what people have: bytes of any file of architectures or samples as rows of named columns."""

from archcast.core.reading.samples import Samples, samples_of
from archcast.core.reading.table import Table
from archcast.core.reading.tables import is_parquet, read_bytes, read_file, read_whole

__all__ = ["Samples", "Table", "is_parquet", "read_bytes", "read_file", "read_whole", "samples_of"]
