"""Simulated hardware."""
