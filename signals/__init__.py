"""The signal specialist. No reader is built in yet: recordings are reported as skipped."""
