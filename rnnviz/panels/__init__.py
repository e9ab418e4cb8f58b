"""One visible thing per file: Qt and pyqtgraph widgets that draw a session."""
