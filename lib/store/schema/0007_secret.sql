-- Secrets and the connections that use them.  A value is sealed before it comes here: the server, its
-- log and its dumps never see it, nor the key.  All is written by functions, which ask who calls.

-- How a key is made of what the user keeps: scrypt (RFC 7914) with these gives 48 bytes, the key and,
-- behind it, what tells the right one from another.
CREATE TABLE mst.secret_key (
	id          text        COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
	salt        bytea       NOT NULL CHECK (length(salt) = 16),
	cost        integer     NOT NULL CHECK (cost BETWEEN 16384 AND 131072 AND cost & (cost - 1) = 0),
	block       integer     NOT NULL CHECK (block BETWEEN 8 AND 16),
	parallel    integer     NOT NULL CHECK (parallel BETWEEN 1 AND 16),
	check_value bytea       NOT NULL CHECK (length(check_value) = 16),
	added_by    text        NOT NULL DEFAULT session_user,
	added_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
	-- whoever opens what it seals has to do that work: four times the usual at most
	CONSTRAINT secret_key_work CHECK (cost::bigint * block * parallel <= 1048576)
);

-- Sealed (AES-256-GCM, bound to name and key), or a reference that is looked up where it is used.
CREATE TABLE mst.secret (
	name        text        COLLATE "C" PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9_.-]{1,63}$'),
	kind        text        NOT NULL CHECK (kind IN ('sealed', 'env', 'file', 'cmd')),
	ref         text        CHECK (octet_length(ref) BETWEEN 1 AND 4096),
	key_id      text        COLLATE "C" REFERENCES mst.secret_key,
	nonce       bytea       CHECK (length(nonce) = 12),
	value       bytea       CHECK (length(value) BETWEEN 17 AND 65552), -- with its tag of 16 bytes
	owner       text        NOT NULL REFERENCES mst.account ON UPDATE CASCADE,
	team        text        REFERENCES mst.team ON UPDATE CASCADE, -- null: the owner's alone
	set_by      text        NOT NULL REFERENCES mst.account ON UPDATE CASCADE, -- who gave the value or reference
	created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
	updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
	scope       text        NOT NULL GENERATED ALWAYS AS (CASE WHEN team IS NULL THEN 'user ' || owner
		ELSE 'team ' || team END) STORED,
	CONSTRAINT secret_whole CHECK (CASE kind WHEN 'sealed'
		THEN ref IS NULL AND key_id IS NOT NULL AND nonce IS NOT NULL AND value IS NOT NULL
		ELSE ref IS NOT NULL AND key_id IS NULL AND nonce IS NULL AND value IS NULL END),
	CONSTRAINT secret_scope UNIQUE (name, scope),
	CONSTRAINT secret_nonce UNIQUE (key_id, nonce)
);
CREATE INDEX secret_team ON mst.secret (team);

-- A connection and its secret belong to the same team, or to the same user: else whoever may write the
-- one could send the other to a server of his own.
CREATE TABLE mst.connection (
	name        text        COLLATE "C" PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9_.-]{1,63}$' AND name <> 'warehouse'),
	provider    text        NOT NULL CHECK (provider ~ '^[a-z][a-z0-9_]*$'),
	fields      jsonb       NOT NULL CHECK (jsonb_typeof(fields) = 'object' AND octet_length(fields::text) <= 65536
		AND NOT jsonb_path_exists(fields, '$.* ? (@.type() != "string")')
		AND NOT fields ?| '{password,passwd,sslpassword,passfile,service,url}'),
	secret      text        COLLATE "C",
	restricted  boolean     NOT NULL DEFAULT true,
	owner       text        NOT NULL REFERENCES mst.account ON UPDATE CASCADE,
	team        text        REFERENCES mst.team ON UPDATE CASCADE,
	revision    bigint      NOT NULL,
	updated_at  timestamptz NOT NULL,
	updated_by  text        NOT NULL,
	scope       text        NOT NULL GENERATED ALWAYS AS (CASE WHEN team IS NULL THEN 'user ' || owner
		ELSE 'team ' || team END) STORED,
	-- deferred, so that both may move
	CONSTRAINT connection_secret FOREIGN KEY (secret, scope) REFERENCES mst.secret (name, scope)
		DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX connection_secret_of ON mst.connection (secret, scope);
CREATE INDEX connection_team ON mst.connection (team);

CREATE TABLE mst.connection_revision (
	name        text        COLLATE "C" NOT NULL,
	revision    bigint      NOT NULL,
	action      text        NOT NULL CHECK (action IN ('put', 'rm')),
	at          timestamptz NOT NULL,
	by          text        NOT NULL,
	owner       text        NOT NULL,
	team        text,
	provider    text        NOT NULL,
	fields      jsonb       NOT NULL,
	secret      text,
	restricted  boolean     NOT NULL,
	PRIMARY KEY (name, revision)
);

CREATE FUNCTION mst.connection_stamp() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ BEGIN
		IF NOT NEW.restricted AND NOT mst.is_admin() THEN
			RAISE insufficient_privilege USING
				MESSAGE = format('connection "%s" is unrestricted: only an admin of mst may make or change it so', NEW.name),
				HINT = 'with --restricted yes anybody who keeps it may';
		END IF;
		NEW.revision := 1 + CASE TG_OP WHEN 'UPDATE' THEN OLD.revision ELSE coalesce((SELECT max(r.revision)
			FROM mst.connection_revision r WHERE r.name = NEW.name), 0) END;
		NEW.updated_at := clock_timestamp();
		NEW.updated_by := session_user;
		RETURN NEW;
	END $$;
CREATE TRIGGER connection_stamp BEFORE INSERT OR UPDATE ON mst.connection
	FOR EACH ROW EXECUTE FUNCTION mst.connection_stamp();

CREATE FUNCTION mst.connection_keep() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ BEGIN
		IF TG_OP = 'DELETE' THEN
			INSERT INTO mst.connection_revision VALUES (OLD.name, OLD.revision + 1, 'rm', clock_timestamp(), session_user,
				OLD.owner, OLD.team, OLD.provider, OLD.fields, OLD.secret, OLD.restricted);
		ELSE
			INSERT INTO mst.connection_revision VALUES (NEW.name, NEW.revision, 'put', NEW.updated_at, NEW.updated_by,
				NEW.owner, NEW.team, NEW.provider, NEW.fields, NEW.secret, NEW.restricted);
		END IF;
		RETURN NULL;
	END $$;
CREATE TRIGGER connection_keep AFTER INSERT OR UPDATE OR DELETE ON mst.connection
	FOR EACH ROW EXECUTE FUNCTION mst.connection_keep();
REVOKE EXECUTE ON FUNCTION mst.connection_stamp(), mst.connection_keep() FROM PUBLIC;

-- Names are for all that may read; what is sealed is for those that may write, by secret_open() alone.
ALTER TABLE mst.secret_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE mst.secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE mst.connection ENABLE ROW LEVEL SECURITY;
ALTER TABLE mst.connection_revision ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON mst.secret_key, mst.connection, mst.connection_revision TO PUBLIC;
GRANT SELECT (name, kind, key_id, owner, team, set_by, created_at, updated_at) ON mst.secret TO PUBLIC;
CREATE POLICY known ON mst.secret_key FOR SELECT USING ((SELECT mst.me()) IS NOT NULL);
CREATE POLICY reader ON mst.secret FOR SELECT USING ((SELECT mst.is_admin())
	OR team = ANY ((SELECT mst.my_teams('read'))::text[]) OR (team IS NULL AND owner = (SELECT mst.me())));
CREATE POLICY reader ON mst.connection FOR SELECT USING ((SELECT mst.is_admin())
	OR team = ANY ((SELECT mst.my_teams('read'))::text[]) OR (team IS NULL AND owner = (SELECT mst.me())));
CREATE POLICY reader ON mst.connection_revision FOR SELECT USING ((SELECT mst.is_admin())
	OR team = ANY ((SELECT mst.my_teams('read'))::text[]) OR (team IS NULL AND owner = (SELECT mst.me())));

-- Whether the caller keeps what belongs to these; what he does not even see is taken, no more is said.
CREATE FUNCTION mst.need_keeper(what text, name text, owner text, team text) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
	AS $$ BEGIN
		IF team IS NOT NULL AND mst.me() IS NOT NULL
				AND NOT EXISTS (SELECT FROM mst.team t WHERE t.name = need_keeper.team) THEN
			RAISE undefined_object USING MESSAGE = format('there is no team "%s"', team);
		ELSIF coalesce(mst.may('admin', owner, team), false) THEN
			RETURN;
		ELSIF mst.me() IS NULL THEN
			RAISE insufficient_privilege USING MESSAGE = format('role "%s" is no user of mst', session_user);
		ELSIF coalesce(mst.may('read', owner, team), false) OR owner = session_user THEN
			RAISE insufficient_privilege USING MESSAGE = format('only an admin of team "%s" keeps its %ss; "%s" is none',
				team, what, session_user);
		END IF;
		RAISE unique_violation USING MESSAGE = format('the %s "%s" is somebody else''s', what, name),
			HINT = 'take another name';
	END $$;

CREATE FUNCTION mst.secret_key_add(id text, salt bytea, cost integer, block integer, parallel integer,
		check_value bytea) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ BEGIN
		PERFORM mst.need_keeper('key', id, session_user, NULL);
		INSERT INTO mst.secret_key VALUES (id, salt, cost, block, parallel, check_value);
	END $$;

-- Keys that open nothing any more.
CREATE FUNCTION mst.secret_sweep() RETURNS void
	LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ DELETE FROM mst.secret_key k WHERE NOT EXISTS (SELECT FROM mst.secret s WHERE s.key_id = k.id) $$;
REVOKE EXECUTE ON FUNCTION mst.secret_sweep() FROM PUBLIC;

-- To another team (null: to its owner alone); the connections that use it go along.
CREATE FUNCTION mst.secret_move(name text, team text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		was mst.secret;
	BEGIN
		SELECT s.* INTO was FROM mst.secret s WHERE s.name = secret_move.name FOR UPDATE;
		IF NOT FOUND THEN
			RAISE undefined_object USING MESSAGE = format('there is no secret "%s"', name);
		END IF;
		PERFORM mst.need_keeper('secret', name, was.owner, was.team);
		PERFORM mst.need_keeper('secret', name, was.owner, secret_move.team);
		UPDATE mst.secret s SET team = secret_move.team, updated_at = clock_timestamp() WHERE s.name = secret_move.name;
		UPDATE mst.connection c SET team = secret_move.team, owner = was.owner WHERE c.secret = secret_move.name;
	END $$;

CREATE FUNCTION mst.secret_put(name text, kind text, ref text, key_id text, nonce bytea, value bytea, team text,
		move boolean) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		was mst.secret;
	BEGIN
		SELECT s.* INTO was FROM mst.secret s WHERE s.name = secret_put.name FOR UPDATE;
		IF NOT FOUND THEN
			PERFORM mst.need_keeper('secret', name, session_user, secret_put.team);
			INSERT INTO mst.secret (name, kind, ref, key_id, nonce, value, owner, team, set_by)
				VALUES (name, kind, ref, key_id, nonce, value, session_user, secret_put.team, session_user);
			RETURN;
		END IF;
		PERFORM mst.need_keeper('secret', name, was.owner, was.team);
		UPDATE mst.secret s SET kind = secret_put.kind, ref = secret_put.ref, key_id = secret_put.key_id,
				nonce = secret_put.nonce, value = secret_put.value, set_by = session_user, updated_at = clock_timestamp()
			WHERE s.name = secret_put.name;
		IF move AND was.team IS DISTINCT FROM secret_put.team THEN
			PERFORM mst.secret_move(name, secret_put.team);
		END IF;
		PERFORM mst.secret_sweep();
	END $$;

CREATE FUNCTION mst.secret_rm(name text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		was mst.secret;
		users text;
	BEGIN
		SELECT s.* INTO was FROM mst.secret s WHERE s.name = secret_rm.name FOR UPDATE;
		IF NOT FOUND OR NOT coalesce(mst.may('read', was.owner, was.team), false) THEN
			RAISE undefined_object USING MESSAGE = format('there is no secret "%s"', name);
		END IF;
		PERFORM mst.need_keeper('secret', name, was.owner, was.team);
		SELECT string_agg(c.name, ', ' ORDER BY c.name) INTO users FROM mst.connection c WHERE c.secret = secret_rm.name;
		IF users IS NOT NULL THEN
			RAISE foreign_key_violation USING MESSAGE = format('secret "%s" is used by: %s', name, users),
				HINT = 'give the connection another secret first, or remove it';
		END IF;
		DELETE FROM mst.secret s WHERE s.name = secret_rm.name;
		PERFORM mst.secret_sweep();
	END $$;

-- What the caller may use (names null: all of it), with what it takes to open it.
CREATE FUNCTION mst.secret_open(names text[]) RETURNS TABLE (name text, kind text, ref text, owner text, team text,
		set_by text, mine boolean, keeper boolean, nonce bytea, value bytea,
		key_id text, salt bytea, cost integer, block integer, parallel integer, check_value bytea)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ SELECT s.name, s.kind, s.ref, s.owner, s.team, s.set_by, s.set_by = session_user,
			(SELECT mst.is_admin()) OR s.team IS NULL OR s.team = ANY ((SELECT mst.my_teams('admin'))::text[]),
			s.nonce, s.value, k.id, k.salt, k.cost, k.block, k.parallel, k.check_value
		FROM mst.secret s LEFT JOIN mst.secret_key k ON k.id = s.key_id
		WHERE (names IS NULL OR s.name = ANY (names)) AND ((SELECT mst.is_admin())
			OR s.team = ANY ((SELECT mst.my_teams('write'))::text[])
			OR (s.team IS NULL AND s.owner = (SELECT mst.me()))) $$;

-- All of these under another key, or none: whoever changed one of them meanwhile wins.
CREATE FUNCTION mst.secret_rotate(key_id text, names text[], was_nonces bytea[], nonces bytea[], sealed bytea[])
		RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		s record;
		n bigint := 0;
	BEGIN
		FOR s IN SELECT x.name, x.owner, x.team FROM mst.secret x
				JOIN unnest(names, was_nonces) AS w (name, nonce) ON x.name = w.name AND x.nonce = w.nonce
				ORDER BY x.name FOR UPDATE OF x LOOP
			PERFORM mst.need_keeper('secret', s.name, s.owner, s.team);
			n := n + 1;
		END LOOP;
		IF n <> cardinality(names) THEN
			RAISE serialization_failure USING MESSAGE = 'a secret was changed meanwhile';
		END IF;
		UPDATE mst.secret x SET key_id = secret_rotate.key_id, nonce = w.nonce, value = w.value,
				updated_at = clock_timestamp()
			FROM unnest(names, nonces, sealed) AS w (name, nonce, value) WHERE x.name = w.name;
		PERFORM mst.secret_sweep();
	END $$;

-- was: the revision that the caller has seen, 0: none.
CREATE FUNCTION mst.connection_put(name text, was bigint, provider text, fields jsonb, secret text, team text,
		restricted boolean) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		old mst.connection;
		of mst.secret;
	BEGIN
		SELECT c.* INTO old FROM mst.connection c WHERE c.name = connection_put.name FOR UPDATE;
		IF FOUND THEN
			PERFORM mst.need_keeper('connection', name, old.owner, old.team);
		END IF;
		PERFORM mst.need_keeper('connection', name, coalesce(old.owner, session_user), connection_put.team);
		IF coalesce(old.revision, 0) <> was THEN
			RAISE object_not_in_prerequisite_state USING MESSAGE = format('connection "%s" was changed meanwhile', name),
				HINT = 'look at it again: mst-connection get';
		END IF;
		IF secret IS NOT NULL THEN
			SELECT s.* INTO of FROM mst.secret s WHERE s.name = connection_put.secret FOR SHARE;
			IF NOT FOUND OR NOT coalesce(mst.may('read', of.owner, of.team), false) THEN
				RAISE undefined_object USING MESSAGE = format('there is no secret "%s"', secret),
					HINT = format('put it first: mst-secret put %s', secret);
			ELSIF of.team IS DISTINCT FROM connection_put.team
					OR (of.team IS NULL AND of.owner <> coalesce(old.owner, session_user)) THEN
				RAISE foreign_key_violation USING MESSAGE = format('secret "%s" belongs to %s, connection "%s" to %s', secret,
						coalesce('team ' || of.team, of.owner), name,
						coalesce('team ' || connection_put.team, coalesce(old.owner, session_user))),
					HINT = 'both must be one team''s or one user''s; mst-secret move takes a secret to another team';
			END IF;
		END IF;
		IF old.name IS NULL THEN
			INSERT INTO mst.connection (name, provider, fields, secret, restricted, owner, team)
				VALUES (name, provider, fields, secret, restricted, session_user, connection_put.team);
		ELSE
			UPDATE mst.connection c SET provider = connection_put.provider, fields = connection_put.fields,
					secret = connection_put.secret, restricted = connection_put.restricted, team = connection_put.team
				WHERE c.name = connection_put.name;
		END IF;
	END $$;

CREATE FUNCTION mst.connection_rm(name text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		was mst.connection;
	BEGIN
		SELECT c.* INTO was FROM mst.connection c WHERE c.name = connection_rm.name FOR UPDATE;
		IF NOT FOUND OR NOT coalesce(mst.may('read', was.owner, was.team), false) THEN
			RAISE undefined_object USING MESSAGE = format('there is no connection "%s"', name);
		END IF;
		PERFORM mst.need_keeper('connection', name, was.owner, was.team);
		DELETE FROM mst.connection c WHERE c.name = connection_rm.name;
	END $$;
