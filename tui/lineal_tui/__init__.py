"""Everything of lineal that a person sees: the command line and the terminal application."""
