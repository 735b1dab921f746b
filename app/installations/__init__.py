"""Who installed us: configuration, tokens, settings, people and their working time."""
