-- An external table, loaded once.
SET search_path TO mst;
INSERT INTO catalogue (name, sql, kind, dialect, attrs, line, owner) VALUES
	('raw.ext', '-- mst: kind: external', 'external', 'bigquery', '{"kind":"external"}', NULL, session_user);
SELECT table_loaded('raw.ext', 12, 8192, 1);
RESET search_path;
