"""A map of dialogues: their turns in groups by what they mean, and the flow from group to group, as data and as a page.

`grouping` puts vectors into groups, `names` says what a group is about, `flow` counts what follows what, `view` joins
them; `placing` and `page` draw.
"""
