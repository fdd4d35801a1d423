"""What differs between things, in columns, line by line, and side by side."""
