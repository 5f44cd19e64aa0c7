"""A server for one run: predictions, vectors and conversations over HTTP; the optional extra `serve`."""
