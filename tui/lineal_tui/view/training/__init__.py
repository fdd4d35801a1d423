"""Runs as rows, columns, pages and curves, and the data they used."""
