"""What a case acts with, made anew for every case, around the device of its slot."""
