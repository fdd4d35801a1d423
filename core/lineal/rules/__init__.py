"""What may be written and how it is read: names, addresses, values, metrics, canonical JSON. No input or output."""
