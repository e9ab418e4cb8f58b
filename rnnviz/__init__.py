"""rnnviz: watch a character-level recurrent network learn."""

__version__ = "0.1.0"
