"""Programs that lineal starts beside itself, each run with `python -m`."""
