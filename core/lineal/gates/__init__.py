"""What a stage demands before a promotion, weighed with the figures it saw."""
