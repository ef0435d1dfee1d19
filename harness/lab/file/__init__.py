"""What a lab file says, part by part; all mistakes in it are told at once."""
