"""lineal keeps every version of every model: what it is, how it was trained, where it is live."""
