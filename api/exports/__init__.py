"""What a note holds, in the forms others read: JSON, FHIR, a page, a table of lines."""
