"""How versions end: deprecation, retirement, retention rules, and the space that comes free."""
