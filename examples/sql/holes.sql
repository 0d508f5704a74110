/* Streams of which the store lacks a record: `seq` has no hole as the collector writes it. No row is the answer to hope for. */
WITH streams AS (
  SELECT session, exchange, market_type, symbol, 'trade' AS type, seq FROM trades
  UNION ALL
  SELECT session, exchange, market_type, symbol, 'orderbook' AS type, seq FROM books
  UNION ALL
  SELECT session, exchange, market_type, symbol, 'orderbook_delta' AS type, seq FROM deltas
)
SELECT session, exchange, market_type, symbol, type, (max(seq) - min(seq) + 1 - count(DISTINCT seq))::VARCHAR AS missing
FROM streams
GROUP BY ALL
HAVING max(seq) - min(seq) + 1 > count(DISTINCT seq)
ORDER BY ALL
