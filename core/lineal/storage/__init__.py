"""A registry on disk: its database and how it is made, copied and opened, and the files in its store."""
