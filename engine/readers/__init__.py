"""One reader per input format; each fills a `Record`, and `assemble` makes the bundle of it."""
