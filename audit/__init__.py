"""What happened: entries that can never change, and the personal values beside them that can be blanked."""
