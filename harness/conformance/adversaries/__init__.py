"""What no conforming peer does: changed, late, made-up and broken messages, for cases that ask what a device makes of them."""
