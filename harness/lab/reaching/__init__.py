"""How a device on the bench comes to our servers: the shared port, what the device is given, and the proof."""
