"""State tracking: the belief state after each user turn, copied slot by slot, or written as text by the decoder."""
