"""The torch room. Nothing outside networks/ and scripts/ imports torch."""

from core import VERSION

__version__ = VERSION  # saved with every network
