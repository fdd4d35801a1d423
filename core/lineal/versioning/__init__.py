"""Versions of models: registering, describing, comparing and tracing them, and training them again."""
