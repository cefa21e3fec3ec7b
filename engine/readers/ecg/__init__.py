"""Recordings of the heart in a bundle: which files make one, whose it is and when it began.

Only headers are looked into; the samples are read by the signal specialist.
"""
