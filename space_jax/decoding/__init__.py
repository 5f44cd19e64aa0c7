"""Responses from a model, a token at a time on cached keys and values."""
