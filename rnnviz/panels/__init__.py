"""One visible thing per file: Qt and pyqtgraph widgets that draw a session."""

import os

# Before pyqtgraph is imported: where PyQt6 is installed, too, it would take that. Two bindings in
# one process crash, so what the user's environment asks for does not count here.
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"
