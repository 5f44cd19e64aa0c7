"""Conversations with an agent: in the terminal, and on a web page."""
