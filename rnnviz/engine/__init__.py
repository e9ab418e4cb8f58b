"""The recurrent network itself: cells, training, decoding and model files, in NumPy only.

Used by ``rnnviz.session``, ``rnnviz.probes`` and the command line; it knows no thread and no Qt.
"""
