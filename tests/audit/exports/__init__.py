"""Exports, mirroring audit/exports."""
