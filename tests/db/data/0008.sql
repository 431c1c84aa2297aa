-- A table that was added, changed and removed, with the events of it.
SET search_path TO mst;
INSERT INTO catalogue (name, sql) VALUES ('mart.told', 'SELECT 1 AS n');
UPDATE catalogue SET sql = 'SELECT 2 AS n' WHERE name = 'mart.told';
DELETE FROM catalogue WHERE name = 'mart.told';
RESET search_path;
