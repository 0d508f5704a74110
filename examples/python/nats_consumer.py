"""Follows the stream that the sink `nats` fills, from where this consumer came to, and tells of holes and of the books.

    python3 examples/python/nats_consumer.py --server nats://127.0.0.1:4222 --stream MARKETPRISM --state state.json

`--once` ends it when there is nothing left to read. Needs `pip install nats-py`.
"""

import argparse
import asyncio
import json
import os

import nats
from nats.errors import TimeoutError as NothingCame
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from market import Market, best


async def main(options):
    state = None
    if os.path.exists(options.state):
        with open(options.state, encoding="utf-8") as file:
            state = json.load(file)
    market = Market(state)
    connection = await nats.connect(options.server, max_reconnect_attempts=-1)
    stream = connection.jetstream()
    config = ConsumerConfig(
        durable_name=options.durable,
        deliver_policy=DeliverPolicy.ALL,
        # One acknowledgement settles everything before it.
        ack_policy=AckPolicy.ALL,
        max_ack_pending=1_000,
    )
    await stream.add_consumer(options.stream, config)
    consumer = await stream.pull_subscribe_bind(consumer=options.durable, stream=options.stream)
    counts = {"records": 0, "repeats": 0, "holes": 0}
    while True:
        try:
            messages = await consumer.fetch(500, timeout=1)
        except NothingCame:
            if options.once:
                break
            continue
        for message in messages:
            name, missing, is_repeat = market.take(json.loads(message.data))
            counts["repeats" if is_repeat else "records"] += 1
            if missing:
                counts["holes"] += 1
                print(f"{missing} missing in {name}")
        # First what was learnt, then the acknowledgement: after a crash in between some records come again, and none is left out.
        with open(f"{options.state}.tmp", "w", encoding="utf-8") as file:
            json.dump(market.state, file)
        os.replace(f"{options.state}.tmp", options.state)
        await messages[-1].ack_sync()
    print(f"{counts['records']} records, {counts['repeats']} repeats dropped, {counts['holes']} holes")
    for instrument, book in sorted(market.books.items()):
        print(f"{instrument} epoch {book['epoch']}: {best(book['bids'], 'bids')} / {best(book['asks'], 'asks')}")
    await connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", default="nats://127.0.0.1:4222")
    parser.add_argument("--stream", default="MARKETPRISM")
    parser.add_argument("--durable", default="example")
    parser.add_argument("--state", default="state.json")
    parser.add_argument("--once", action="store_true")
    asyncio.run(main(parser.parse_args()))
