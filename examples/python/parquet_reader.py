"""Reads the store that the sink `parquet` fills: trades, holes, and the book of one instrument.

    python3 examples/python/parquet_reader.py data/parquet binance spot BTC-USDT

Needs `pip install duckdb`. Each statement may end in `.df()` or `.arrow()` for pandas or PyArrow.
"""

import json
import sys
from pathlib import Path

import duckdb

VIEWS = {"trade": "trades", "orderbook": "books", "orderbook_delta": "deltas"}
SQL = Path(__file__).parent.parent / "sql"


def files_of(store, record_type):
    """A segment is in the store once its manifest is: files that none names are of a conversion that was cut off."""
    manifests = [json.loads(path.read_text()) for path in sorted((store / "manifests").glob("*.json"))]
    files = [file for manifest in manifests for file in manifest["files"]]
    return [str(store / file["path"]) for file in files if file["type"] == record_type]


def main(store, exchange, market_type, symbol):
    database = duckdb.connect()
    for record_type, view in VIEWS.items():
        files = files_of(store, record_type)
        if not files:
            sys.exit(f"there are no {view} in {store} yet")
        database.read_parquet(files, hive_partitioning=True).create_view(view)
    instrument = {"exchange": exchange, "market_type": market_type, "symbol": symbol}
    for name in ("trades", "holes", "book"):
        print(f"{name}:")
        parameters = instrument if name == "book" else None
        for row in database.execute((SQL / f"{name}.sql").read_text(), parameters).fetchall():
            print(*row)


if __name__ == "__main__":
    given = sys.argv[1:]
    defaults = ["data/parquet", "binance", "spot", "BTC-USDT"]
    folder, *names = given + defaults[len(given) :]
    main(Path(folder), *names)
