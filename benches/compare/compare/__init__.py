"""Measures the official connector and this one against the same server, in turns."""
