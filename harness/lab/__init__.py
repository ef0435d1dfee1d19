"""The rack: what a lab file says, and the slots assembled from it."""
