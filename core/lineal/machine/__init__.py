"""What the operating system is asked for: locks, durable names, safe forks, commands, who acts, where a registry is."""
