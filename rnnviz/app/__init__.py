"""The application: main window, worker threads, theme, settings."""
