"""Laboratory results and vital signs -> HPO findings (see `engine.labs.reader.extract`)."""

from engine.labs.reader import extract

__all__ = ["extract"]
