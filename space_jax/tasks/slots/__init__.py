"""Slot filling: values with their places in an utterance, by tags of its tokens; and, where annotated, its intents."""
