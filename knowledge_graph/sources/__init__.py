"""One importer a source file. Each yields typed records and lists the rows it could not use."""
