"""Learning without labels: an encoder that tells the places of a volume apart, for networks to start from."""
