/* Trades and their volume by instrument. `DISTINCT ON (id)`: two stores, or two collectors, may hold the same trade. */
SELECT exchange, market_type, symbol, count(*)::VARCHAR AS trades, rtrim(rtrim(sum(size)::VARCHAR, '0'), '.') AS volume
FROM (SELECT DISTINCT ON (id) * FROM trades)
GROUP BY ALL
ORDER BY ALL
