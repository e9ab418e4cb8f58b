"""The recurrent cells by name; ``layer`` builds them from ``CELLS``, settings list its keys."""

from rnnviz.engine.cells.base import Cell
from rnnviz.engine.cells.gru import GRU
from rnnviz.engine.cells.lstm import LSTM
from rnnviz.engine.cells.peephole_lstm import PeepholeLSTM
from rnnviz.engine.cells.rnn import Elman

CELLS: dict[str, type[Cell]] = {"rnn": Elman, "lstm": LSTM, "gru": GRU}

PEEPHOLE_CELLS: dict[str, type[Cell]] = {"lstm": PeepholeLSTM}
"""The cells that can have peepholes, in that form."""
