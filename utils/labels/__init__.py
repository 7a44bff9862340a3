"""Labels and instances in the label database: `label_db` is the store, the others are parts of it."""
