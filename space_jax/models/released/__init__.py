"""The encoder-decoders that PALM, PLUG and VECO were released as: their weights run here as they were published.

They differ from our backbone, which is encoder and decoder at once, so that these are models beside it: layers of
`models.cross_block` under their own embeddings. `convert.released` reads their files.
"""
