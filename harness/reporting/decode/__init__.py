"""Octets into what people read. Nothing here judges, and nothing here fails on any input: what cannot be read stays hex."""
