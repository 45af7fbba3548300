"""New devices from a few measurements, in reading order: prior, sources, posterior, references, intervals."""
