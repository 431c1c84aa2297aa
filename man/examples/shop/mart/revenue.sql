-- mst: description: what each shop took in, day by day
-- mst: tests:
-- mst:   - not_null: [city, day]
-- mst:   - unique: [city, day]
SELECT s.city, x.day, sum(x.amount) AS amount
  FROM raw.sale AS x JOIN raw.shop AS s ON s.shop = x.shop
 GROUP BY s.city, x.day
