"""The parties the harness plays, without input or output."""
