"""Mixtures: corpora of several sources, free of duplicates and of what benchmarks test with.

description     what a mixture file says; `unida.toml`, `unidial.toml`, `anpredial.toml`, `unpredial.toml` are files
sources         its sources and the benchmarks, as they lie under a data root
wording         dialogue -> words -> hashes; from here on there are no texts
guard           what benchmarks test with, and whether a dialogue holds any of it
sketches        a record of hashes for each dialogue, in units that a build goes on with
deduplication   which dialogues say what another one says
selection       which dialogues enter the mixture, and how often; the report
"""
