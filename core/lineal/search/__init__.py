"""The search language: how it is written, what it means, and how it becomes SQL."""
