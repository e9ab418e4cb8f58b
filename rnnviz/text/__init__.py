"""Texts and their arithmetic: reading, vocabularies, splits, windows and n-gram reference losses.

NumPy only; no Qt and nothing of the engine. Used by the session, the command line and the tests.
"""
