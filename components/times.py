"""Moments in words, in the time zone of the site."""

from datetime import datetime, tzinfo


def minute(seconds: float, timezone: tzinfo) -> str:
    """
    >>> from datetime import UTC
    >>> minute(0, UTC)
    '1970-01-01 00:00'
    """
    return datetime.fromtimestamp(seconds, timezone).strftime("%Y-%m-%d %H:%M")
