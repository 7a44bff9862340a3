"""The torch room. Nothing outside networks/ and scripts/ imports torch."""
