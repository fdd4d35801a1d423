"""How a model was trained: runs and what they log, data, code, environment, curves."""
