"""Label classes, painted spans and the versioned tiles they land in."""
