"""Telling people what waits for them: in words for the portal and the mail, and by mail."""
