"""Runs out into the world: folders that other tools load by themselves, each checked against the run."""
