-- Two users, one of them disabled, and a team.
SET search_path TO mst;
INSERT INTO account (name, admin, disabled, description) VALUES
	('alice', false, false, 'analyst'), ('bob', true, true, '');
INSERT INTO team (name, description) VALUES ('mart', 'who makes the marts');
INSERT INTO member (team, account, role) VALUES ('mart', 'alice', 'write'), ('mart', 'bob', 'read');
RESET search_path;
