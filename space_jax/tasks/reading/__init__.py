"""Reading: a question and a passage to the span of the passage that answers it, or to none; slots by question."""
