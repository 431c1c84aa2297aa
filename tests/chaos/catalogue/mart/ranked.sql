-- mst: dialect: postgres
-- mst: kind: materialized
SELECT d.gen, d.n, c.n AS half FROM mart.doubled d JOIN mart.counted c USING (gen)
