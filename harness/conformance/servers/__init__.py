"""Servers under test as cases see them: at each of their interfaces, and from their operator's side."""
