"""Benchmarks that need several packages; those of one package live in its own `evaluate` module."""
