"""Calls over many items: chunks, workers, a verdict per item, lost answers read back."""
