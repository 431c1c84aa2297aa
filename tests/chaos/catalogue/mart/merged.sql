-- mst: dialect: postgres
-- mst: disposition: merge
-- mst: key: id
SELECT c.id, b.gen AS last_gen, now() AS at FROM chaos.batch b CROSS JOIN raw.cmd c
WHERE c.id <= 300 OR (c.id - 300) % 7 = b.gen % 7
