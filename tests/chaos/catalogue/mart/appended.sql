-- mst: dialect: postgres
-- mst: disposition: append
SELECT b.gen, c.id FROM chaos.batch b CROSS JOIN raw.cmd c WHERE c.id <= 500
