"""The signal specialist. No reader is built in yet: recordings in a bundle are reported as skipped."""
