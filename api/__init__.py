"""Everything outward: command line, HTTP, benchmarks. The only package that composes the others."""
