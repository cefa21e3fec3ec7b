"""De-identification: finds what identifies a patient in a note and puts surrogates in its place."""
