"""What a person looks at: the one screen that asks the registry and hands its answers to the widgets."""
