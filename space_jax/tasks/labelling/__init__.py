"""Which utterances to label next, and a person's answers back into the dialogues.

`pool` reads utterances, `choose` takes some by their vectors, `sheet` is the table that a person corrects, and `accept`
puts its labels into the dialogues.
"""
