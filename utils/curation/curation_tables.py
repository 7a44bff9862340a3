"""The tables of curation in the label database. `curation_db.py` and its two helpers read and write them.

The labels of items stand in `values`, so that reading needs no history; `acts` and `changes` are the history.
Fields are "exclude", "validation" and the number of a class, so that a class can be renamed.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# classes: JSON list. revision: grows with every act.
tables = Table(
    "curation_tables",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("classes", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("user", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("revision", BigInteger, nullable=False),
)

# y0 to x1 are NULL where an item is a whole slice.
items = Table(
    "curation_items",
    metadata,
    Column("table_id", ForeignKey("curation_tables.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("volume", Text, nullable=False),
    Column("z", Integer, nullable=False),
    Column("y0", Integer),
    Column("x0", Integer),
    Column("y1", Integer),
    Column("x1", Integer),
    Column("subset", Text, nullable=False),
)

# value: 0, 1, or 2 for unsure; what nobody has judged has no row. at: when it was said, POSIX seconds.
values = Table(
    "curation_values",
    metadata,
    Column("table_id", ForeignKey("curation_tables.id"), primary_key=True),
    Column("item", Integer, primary_key=True),
    Column("field", String(12), primary_key=True),
    Column("value", Integer, nullable=False),
    Column("act", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
    Index("curation_values_field", "table_id", "field", "value"),
)

# state: "done", "undone", "dropped" (undone, and something else done since), or "noted" (nothing to take back).
# queue: the queue that a swipe answers. of: the act that an undo or redo is about.
acts = Table(
    "curation_acts",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("table_id", ForeignKey("curation_tables.id"), nullable=False),
    Column("act_id", String(36), nullable=False),
    Column("user", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("state", String(8), nullable=False),
    Column("queue", String(36), nullable=False),
    Column("of", BigInteger),
    UniqueConstraint("table_id", "act_id"),
    Index("curation_acts_history", "table_id", "user", "state", "number"),
)

# before, after: NULL is nothing.
changes = Table(
    "curation_changes",
    metadata,
    Column("act", ForeignKey("curation_acts.number"), primary_key=True),
    Column("item", Integer, primary_key=True),
    Column("field", String(12), primary_key=True),
    Column("before", Integer),
    Column("after", Integer),
)

queues = Table(
    "curation_queues",
    metadata,
    Column("table_id", ForeignKey("curation_tables.id"), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("asks", Integer, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Column("again", Boolean, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("at", Float, nullable=False),
)

queue_items = Table(
    "curation_queue_items",
    metadata,
    Column("table_id", String(36), primary_key=True),
    Column("queue", String(36), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("item", Integer, nullable=False),
)

# One for each item and question at a time; those that have expired are as good as none.
leases = Table(
    "curation_leases",
    metadata,
    Column("table_id", ForeignKey("curation_tables.id"), primary_key=True),
    Column("field", String(12), primary_key=True),
    Column("item", Integer, primary_key=True),
    Column("owner", String(36), nullable=False),
    Column("user", Text, nullable=False),
    Column("expires", Float, nullable=False),
    Index("curation_leases_owner", "table_id", "owner"),
)
