"""Entries of the trail as files: CSV, JSON Lines and the signed bundle, written in constant memory."""
