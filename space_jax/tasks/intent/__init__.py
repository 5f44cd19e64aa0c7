"""Intent detection: one label an utterance, by a linear head or by the nearest training utterances."""
