"""The vocabulary and the reasoning. Read `engine.types` first; imports no other package."""
