-- mst: description: what was sold, shop by shop
SELECT n AS sale, 1 + n % 3 AS shop, date '2026-01-01' + n % 90 AS day, n % 50 + 0.5 AS amount
  FROM generate_series(1, 9000) AS n
