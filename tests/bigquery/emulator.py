"""Starts bqemulator for the tests of the billing queries: ``emulator.py start --rest-port N ...``.

Two things are put right. The emulator downloads extensions of DuckDB at every start that these tests do not need, and it takes
every row to be in today's partition; here a table's column ``pt_`` says in which one a row is.
"""

from bqemulator.cli import main
from bqemulator.sql.rewriter import partition_pseudo_columns
from bqemulator.storage.engine import DuckDBEngine

DuckDBEngine._load_spatial = lambda self: None
DuckDBEngine._load_format_extensions = lambda self: None
partition_pseudo_columns._REPLACEMENTS["_PARTITIONTIME"] = "pt_"

if __name__ == "__main__":
    main()
