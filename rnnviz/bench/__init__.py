"""`rnnviz bench`: how fast the engine trains, beside PyTorch and beside what the machine can do."""
