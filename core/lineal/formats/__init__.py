"""What a model or data file tells without being loaded."""
