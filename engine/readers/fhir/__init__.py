"""FHIR R4 JSON: `read` takes a Bundle of any type, or a single resource."""

from engine.readers.fhir.bundle import read

__all__ = ["read"]
