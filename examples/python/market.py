"""Reads records in the order of their streams: drops repeats, finds holes, keeps the books. docs/RECORDS.md has every key."""

from decimal import Decimal

# Ids that are remembered: more than can come again after a restart of either side.
IDS_LIMIT = 50_000


class Market:
    """`state` is plain data: everything that has to survive a restart."""

    def __init__(self, state=None):
        state = state or {"seqs": {}, "ids": [], "books": {}}
        self.seqs = state["seqs"]  # last `seq` of each stream
        self.ids = dict.fromkeys(state["ids"])  # in the order in which they came
        self.books = state["books"]  # sizes by price, as exact text

    @property
    def state(self):
        return {"seqs": self.seqs, "ids": list(self.ids), "books": self.books}

    def take(self, record):
        """Answers its stream, how many records of that are missing before it, and whether it is a repeat."""
        instrument = f"{record['exchange']} {record['market_type']} {record['symbol']}"
        stream = f"{record['session']} {instrument} {record['type']}"
        last = self.seqs.get(stream)
        if last is not None and record["seq"] <= last:
            return stream, 0, True
        self.seqs[stream] = record["seq"]
        # Whoever begins in the middle of a stream has missed nothing that they asked for.
        missing = 0 if last is None else record["seq"] - last - 1
        if missing and record["type"] == "orderbook_delta":
            # Without every change the book has to begin anew, with the next full one.
            self.books.pop(instrument, None)
        if record["id"] in self.ids:
            # Another session has written it as well.
            return stream, missing, True
        self._remember(record["id"])
        if record["type"] == "orderbook" and record["full"]:
            self.books[instrument] = {
                "session": record["session"],
                "epoch": record["epoch"],
                "bids": dict(record["bids"]),
                "asks": dict(record["asks"]),
            }
        elif record["type"] == "orderbook_delta":
            self._change(instrument, record)
        return stream, missing, False

    def _change(self, instrument, record):
        """A change belongs to the full book of its epoch and to no other."""
        book = self.books.get(instrument)
        if book is None or (book["session"], book["epoch"]) != (record["session"], record["epoch"]):
            return
        for side in ("bids", "asks"):
            for price, size in record[side]:
                if size == "0":
                    book[side].pop(price, None)
                else:
                    book[side][price] = size

    def _remember(self, record_id):
        self.ids[record_id] = None
        if len(self.ids) > IDS_LIMIT:
            del self.ids[next(iter(self.ids))]


def best(side, of):
    """Best price and its size: `100.5 x 2`; `-` for an empty side."""
    if not side:
        return "-"
    price = (max if of == "bids" else min)(side, key=Decimal)
    return f"{price} x {side[price]}"
