-- A sealed secret of a team with the connection that uses it, one by reference, a connection that is gone.
SET search_path TO mst;
INSERT INTO team (name) VALUES ('crm');
INSERT INTO secret_key VALUES ('0123456789abcdef', '\x000102030405060708090a0b0c0d0e0f', 32768, 8, 1,
	'\x000102030405060708090a0b0c0d0e0f');
INSERT INTO secret (name, kind, ref, key_id, nonce, value, owner, team, set_by) VALUES
	('crm', 'sealed', NULL, '0123456789abcdef', '\x000102030405060708090a0b', '\x000102030405060708090a0b0c0d0e0f10',
	 session_user, 'crm', session_user),
	('home', 'cmd', 'pass show home', NULL, NULL, NULL, session_user, NULL, session_user);
INSERT INTO connection (name, provider, fields, secret, owner, team) VALUES
	('crm', 'postgres', '{"host": "db.example.org", "dbname": "crm"}', 'crm', session_user, 'crm'),
	('old', 'postgres', '{"host": "/run/x", "dbname": "x"}', NULL, session_user, NULL);
DELETE FROM connection WHERE name = 'old';
RESET search_path;
