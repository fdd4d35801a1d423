"""Writing what a version is in formats that others read."""
