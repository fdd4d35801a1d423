"""The command line, one module for each noun; only the module of the command that was asked for is imported."""
