-- Who may do what.  A user of mst is a PostgreSQL role that stands in mst.account; which
-- one speaks is session_user, never a setting.  What belongs to a team is for those that the
-- team lets; what has no team is for the one it belongs to.  Row security asks my_teams() and
-- is_admin() once a statement, so that whoever is disabled or taken from a team has lost it
-- with the next one.  Everything may be granted to PUBLIC: the schema is not.

CREATE TABLE mst.account (
	name        text        PRIMARY KEY CHECK (name <> ''),  -- of the PostgreSQL role
	admin       boolean     NOT NULL DEFAULT false,
	disabled    boolean     NOT NULL DEFAULT false,
	description text        NOT NULL DEFAULT '',
	added_by    text        NOT NULL DEFAULT session_user,
	added_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE mst.team (
	name        text        PRIMARY KEY CHECK (name <> ''),
	description text        NOT NULL DEFAULT '',
	added_by    text        NOT NULL DEFAULT session_user,
	added_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- read: sees; write: changes, runs, uses connections; admin: keeps members, connections, secrets
CREATE TABLE mst.member (
	team        text        NOT NULL REFERENCES mst.team ON UPDATE CASCADE ON DELETE CASCADE,
	account     text        NOT NULL REFERENCES mst.account ON UPDATE CASCADE ON DELETE CASCADE,
	role        text        NOT NULL CHECK (role IN ('read', 'write', 'admin')),
	added_by    text        NOT NULL DEFAULT session_user,
	added_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (team, account)
);
CREATE INDEX member_account ON mst.member (account);

-- Whoever makes the schema is the first admin; and where a superuser migrates what is another's, its owner.
INSERT INTO mst.account (name, admin)
	SELECT r.rolname, true FROM pg_catalog.pg_roles r
	WHERE r.rolname = session_user OR (r.rolname = current_user AND r.rolcanlogin);

-- The caller, or null where he is unknown or disabled.
CREATE FUNCTION mst.me() RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ SELECT a.name FROM mst.account a WHERE a.name = session_user AND NOT a.disabled $$;

CREATE FUNCTION mst.is_admin() RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ SELECT EXISTS (SELECT FROM mst.account a WHERE a.name = session_user AND a.admin AND NOT a.disabled) $$;

-- The teams where the caller may do at least that.
CREATE FUNCTION mst.my_teams(at_least text) RETURNS text[]
	LANGUAGE sql STABLE PARALLEL SAFE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ SELECT coalesce(array_agg(m.team), '{}')
	        FROM mst.member m JOIN mst.account a ON a.name = m.account AND NOT a.disabled
	       WHERE m.account = session_user
	         AND CASE at_least WHEN 'read' THEN true WHEN 'write' THEN m.role IN ('write', 'admin')
	               WHEN 'admin' THEN m.role = 'admin' ELSE false END $$;

-- Whether the caller may do that with what belongs to `owner` and `team`.  For functions; policies
-- spell it out, so that the parts are looked up once a statement:
--   (SELECT mst.is_admin()) OR team = ANY ((SELECT mst.my_teams('read'))::text[])
--     OR (team IS NULL AND owner = (SELECT mst.me()))
CREATE FUNCTION mst.may(at_least text, owner text, team text) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	AS $$ SELECT mst.is_admin() OR (team IS NOT NULL AND team = ANY (mst.my_teams(at_least)))
	          OR (team IS NULL AND owner = mst.me()) $$;

REVOKE ALL ON SCHEMA mst FROM PUBLIC;
GRANT SELECT ON mst.migration TO PUBLIC;

ALTER TABLE mst.account ENABLE ROW LEVEL SECURITY;
ALTER TABLE mst.team ENABLE ROW LEVEL SECURITY;
ALTER TABLE mst.member ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON mst.account, mst.team, mst.member TO PUBLIC;
-- the members of one house know each other
CREATE POLICY known ON mst.account FOR SELECT USING ((SELECT mst.me()) IS NOT NULL);
CREATE POLICY known ON mst.team FOR SELECT USING ((SELECT mst.me()) IS NOT NULL);
CREATE POLICY known ON mst.member FOR SELECT USING ((SELECT mst.me()) IS NOT NULL);
