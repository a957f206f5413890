"""Showing it: two dozen pictures through the whole pipeline, and a contact sheet of what came out."""
