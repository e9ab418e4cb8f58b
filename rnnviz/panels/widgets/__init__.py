"""Small controls the panels share; each file is one control."""
