"""How `make up` starts everything on one machine, keeps it running and stops it: from installation to Ctrl-C."""
