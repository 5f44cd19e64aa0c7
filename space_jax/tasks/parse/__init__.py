"""Semantic parsing: the nested intents and slots of an utterance, by labelled spans that form a tree."""
