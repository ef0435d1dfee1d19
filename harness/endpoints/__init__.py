"""Roles and simulators bound to links: servers, cards behind a reader, modems on a line."""
