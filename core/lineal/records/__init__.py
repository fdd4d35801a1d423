"""The nouns of lineal as frozen records, one module for each family; they import nothing of ours but one another."""
