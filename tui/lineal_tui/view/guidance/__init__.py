"""The help, the guides, and the words of the `:` line."""
