"""The text specialist: clinical notes in, findings citing characters out."""
