"""The doors for files that others wrote: one for each format, and the only one in the package.

  json_text   JSON and TOML
  yaml_text   YAML
  delimited   CSV and TSV
  archives    zip, tar and gzip
  arrays      NumPy's .npy and .npz
  text        bytes and text in UTF-8
  encodings   text whose encoding nobody states
Prepared corpora's shards of records have theirs in `features.storage`.

Whatever a file holds, a door gives what it says or raises `UserError` with the file, the place in it, and what would be
right. `tests/reading/test_doors.py` lists the modules that may read a format by themselves: these.
"""
