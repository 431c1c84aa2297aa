-- A user whose role is gone, and one that is this very role.
SET search_path TO mst;
INSERT INTO account (name, description, role) VALUES ('carol', 'left us', 99);
INSERT INTO team (name) VALUES ('ops');
INSERT INTO member (team, account, role) VALUES ('ops', 'carol', 'admin'), ('ops', session_user, 'read');
RESET search_path;
