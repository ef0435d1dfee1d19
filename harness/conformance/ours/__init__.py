"""The parties that the harness plays in a case, what they do to a device, and the states that it is brought into."""
