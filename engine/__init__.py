"""The vocabulary and the reasoning. Read `engine.types` first; nothing here imports the other packages."""
