"""Typed objects of the API, one file per group: no I/O and no JSON.

All classes are frozen. Field names are the server's words in snake_case;
``reply_async.converter`` reads and writes them, nothing here knows the wire.
"""
