"""A running dialogue: understanding, belief state, database, dialog acts, response."""
