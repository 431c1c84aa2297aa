-- A table that came from a folder, was changed by psql, and one that is gone.
SET search_path TO mst;
INSERT INTO team (name) VALUES ('makers');
INSERT INTO catalogue (name, file, sql, kind, dialect, attrs, reads, writes, calls, line, team, origin) VALUES
	('mart.sizes', 'mart/sizes.sql', 'SELECT 1 AS n', 'summary', 'postgres', '{}', '{}', '{}', '{}',
	 '{"type":"table","name":"mart.sizes"}', 'makers', '/srv/sql'),
	('mart.gone', NULL, 'SELECT 2 AS n', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
UPDATE catalogue SET sql = 'SELECT 3 AS n' WHERE name = 'mart.sizes';
DELETE FROM catalogue WHERE name = 'mart.gone';
RESET search_path;
