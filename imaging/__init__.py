"""The imaging specialist. No reader is built in yet: images in a bundle are reported as skipped."""
