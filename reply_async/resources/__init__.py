"""The API's groups as attributes of a session; each file wraps one group of pages."""
