"""Bringing what other programs recorded: readers turn a store into frozen records, one writer puts them here."""
