"""Mixtures: corpora of several sources, free of duplicates and of benchmarks' test data.

description     the content of a mixture file; `unida.toml`, `unidial.toml`, `anpredial.toml`, `unpredial.toml` are
files sources         its sources and the benchmarks under a data root wording         dialogue -> words ->
hashes; later modules see no texts guard           the benchmarks' test data, and whether a dialogue holds any of it
sketches        a record of hashes for each dialogue, in units that let a build resume deduplication   which dialogues
duplicate another selection       which dialogues enter the mixture, and how often; the report
"""
