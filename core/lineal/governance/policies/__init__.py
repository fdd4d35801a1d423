"""The policy of a whole registry as a TOML file."""
