-- mst: dialect: postgres
-- mst: kind: script
INSERT INTO chaos.book (gen, n) SELECT b.gen, (SELECT count(*) FROM mart.merged) FROM chaos.batch b, pg_sleep(0.02);
