"""The forms in which people have MultiWOZ, read as the same dialogues.

  forms          which form a folder or an archive holds
  place          the files of a folder or an archive
  split_files    a file for each split: 2.1 of ConvLab
  data_json      2.0, 2.1, 2.4: all dialogues in one file, lists of ids beside it
  schema_guided  2.2: dialogues as in SGD
  unified        ConvLab-3's unified format
  log            the dialogues of the first two
  tables         the tables beside them

What a form does not annotate is None.
"""
