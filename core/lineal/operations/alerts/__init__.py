"""Alerts: what must hold of what is observed at a stage, judged as observations arrive."""
