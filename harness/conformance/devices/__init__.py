"""Devices under test as cases see them: the card, the module at its serial port, and the IPA on them."""
