"""Pages that only the command line prints: one thing, a list with chosen columns, a plan."""
