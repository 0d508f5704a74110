/* The five best levels a side of the book of an instrument as it stood last: the full book of the latest epoch, and every change after it.
   For the book at another time, bound `recv_time` in `beginning` and in `changes`. */
WITH beginning AS (
  SELECT exchange, market_type, symbol, session, epoch, bids, asks
  FROM books
  WHERE exchange = $exchange AND market_type = $market_type AND symbol = $symbol AND "full"
  ORDER BY epoch DESC
  LIMIT 1
),
changes AS (
  SELECT 0 AS seq, bids, asks FROM beginning
  UNION ALL
  SELECT seq, deltas.bids, deltas.asks
  FROM deltas JOIN beginning USING (exchange, market_type, symbol, session, epoch)
),
levels AS (
  SELECT 'ask' AS side, seq, unnest(asks) AS level FROM changes
  UNION ALL
  SELECT 'bid' AS side, seq, unnest(bids) AS level FROM changes
),
standing AS (
  -- The last size that was said of a price; 0 takes the level away.
  SELECT side, level.price AS price, arg_max(level.size, seq) AS size FROM levels GROUP BY ALL HAVING size > 0
)
SELECT side, rtrim(rtrim(price::VARCHAR, '0'), '.') AS price, rtrim(rtrim(size::VARCHAR, '0'), '.') AS size
FROM standing
QUALIFY row_number() OVER (PARTITION BY side ORDER BY CASE side WHEN 'ask' THEN standing.price ELSE -standing.price END) <= 5
ORDER BY standing.side, standing.price DESC
