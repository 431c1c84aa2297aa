-- Users and teams are kept by functions, which ask who calls before they do anything.

-- Which role a user was when he was added: one of the same name that was made later, or renamed to
-- it, is another.
ALTER TABLE mst.account ADD role oid;
UPDATE mst.account a SET role = r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = a.name;

CREATE OR REPLACE FUNCTION mst.me() RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ SELECT a.name FROM mst.account a
	       WHERE a.name = session_user AND a.role = quote_ident(session_user)::regrole AND NOT a.disabled $$;

CREATE OR REPLACE FUNCTION mst.is_admin() RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ SELECT EXISTS (SELECT FROM mst.account a
	       WHERE a.name = session_user AND a.role = quote_ident(session_user)::regrole AND NOT a.disabled AND a.admin) $$;

CREATE OR REPLACE FUNCTION mst.my_teams(at_least text) RETURNS text[]
	LANGUAGE sql STABLE PARALLEL SAFE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ SELECT coalesce(array_agg(m.team), '{}') FROM mst.member m
	       WHERE m.account = (SELECT mst.me())
	         AND CASE at_least WHEN 'read' THEN true WHEN 'write' THEN m.role IN ('write', 'admin')
	               WHEN 'admin' THEN m.role = 'admin' ELSE false END $$;

-- Whoever is no user finds no version either, whatever way he came by the right to look.
ALTER TABLE mst.migration ENABLE ROW LEVEL SECURITY;
CREATE POLICY known ON mst.migration FOR SELECT USING ((SELECT mst.me()) IS NOT NULL);

-- For functions that only an admin may call.
CREATE FUNCTION mst.need_admin(what text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	AS $$ BEGIN
		IF mst.me() IS NULL THEN
			RAISE insufficient_privilege USING MESSAGE = format('role "%s" is unknown to this mst', session_user);
		ELSIF NOT mst.is_admin() THEN
			RAISE insufficient_privilege USING MESSAGE = format('only an admin may %s; "%s" is none', what, session_user),
				HINT = coalesce('ask one of: ' || (SELECT string_agg(a.name, ', ' ORDER BY a.name) FROM mst.account a
					WHERE a.admin AND NOT a.disabled), '');
		END IF;
	END $$;

CREATE FUNCTION mst.account_add(name text, admin boolean, description text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
	#variable_conflict use_variable
	DECLARE
		role record;
	BEGIN
		PERFORM mst.need_admin('add users');
		SELECT r.oid, r.rolcanlogin INTO role FROM pg_roles r WHERE r.rolname = name;
		IF NOT FOUND THEN
			RAISE undefined_object USING MESSAGE = format('there is no role "%s" on this server', name),
				HINT = format('an administrator of the server makes it: CREATE ROLE %I LOGIN', name);
		ELSIF NOT role.rolcanlogin THEN
			RAISE wrong_object_type USING MESSAGE = format('role "%s" cannot log in, so it is nobody', name),
				HINT = format('an administrator of the server lets it: ALTER ROLE %I LOGIN', name);
		END IF;
		LOCK TABLE mst.account IN SHARE ROW EXCLUSIVE MODE;
		IF EXISTS (SELECT FROM mst.account a WHERE a.name = name AND a.role IS DISTINCT FROM role.oid) THEN
			RAISE unique_violation USING MESSAGE = format('user "%s" was another role of this name, which is gone', name),
				HINT = format('mst-user set %s --enabled hands on to the new one what that had', name);
		ELSIF EXISTS (SELECT FROM mst.account a WHERE a.name = name) THEN
			RAISE unique_violation USING MESSAGE = format('"%s" is a user already', name),
				HINT = 'mst-user set changes one';
		END IF;
		INSERT INTO mst.account (name, admin, description, role)
			VALUES (name, coalesce(admin, false), coalesce(description, ''), role.oid);
		EXECUTE format('GRANT USAGE ON SCHEMA mst TO %I', name);
		PERFORM mst.event_add('user_added', json_build_object('user', name, 'admin', coalesce(admin, false)), name, NULL);
	END $$;

-- What is null stays.
CREATE FUNCTION mst.account_set(name text, admin boolean, disabled boolean, description text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
	#variable_conflict use_variable
	DECLARE
		was mst.account;
		role record;
	BEGIN
		PERFORM mst.need_admin('change users');
		LOCK TABLE mst.account IN SHARE ROW EXCLUSIVE MODE;
		SELECT a.* INTO was FROM mst.account a WHERE a.name = name;
		IF NOT FOUND THEN
			RAISE undefined_object USING MESSAGE = format('there is no user "%s"', name);
		END IF;
		SELECT r.oid, r.rolsuper INTO role FROM pg_roles r WHERE r.rolname = name;
		IF (admin = false OR disabled) AND was.admin AND NOT was.disabled AND NOT EXISTS (SELECT FROM mst.account a
				JOIN pg_roles r ON r.oid = a.role AND r.rolname = a.name
				WHERE a.admin AND NOT a.disabled AND a.name <> name) THEN
			RAISE object_not_in_prerequisite_state USING MESSAGE = format('"%s" is the last admin', name),
				HINT = 'make another one first: mst-user set NAME --admin';
		END IF;
		IF disabled AND role.oid = (SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = 'mst') THEN
			RAISE object_not_in_prerequisite_state USING
				MESSAGE = format('"%s" owns the schema mst, which nothing here can take from him', name),
				HINT = 'ALTER SCHEMA, ALTER TABLE ... OWNER TO another role first';
		ELSIF disabled AND role.rolsuper THEN
			RAISE object_not_in_prerequisite_state USING
				MESSAGE = format('"%s" is a superuser of the server, whom nothing here can hold', name),
				HINT = format('an administrator of the server takes it from him: ALTER ROLE %I NOSUPERUSER', name);
		ELSIF disabled = false AND role.oid IS NULL THEN
			RAISE undefined_object USING MESSAGE = format('there is no role "%s" on this server', name),
				HINT = format('an administrator of the server makes it: CREATE ROLE %I LOGIN', name);
		END IF;
		UPDATE mst.account a SET admin = coalesce(account_set.admin, a.admin),
				disabled = coalesce(account_set.disabled, a.disabled),
				description = coalesce(account_set.description, a.description),
				role = CASE WHEN account_set.disabled = false THEN role.oid ELSE a.role END
			WHERE a.name = account_set.name;
		IF disabled = false THEN
			EXECUTE format('GRANT USAGE ON SCHEMA mst TO %I', name);
		ELSIF disabled AND role.oid IS NOT NULL THEN
			EXECUTE format('REVOKE USAGE ON SCHEMA mst FROM %I', name);
		END IF;
		PERFORM mst.event_add(CASE WHEN disabled THEN 'user_disabled' WHEN disabled = false THEN 'user_enabled'
			ELSE 'user_changed' END, json_build_object('user', name, 'admin', coalesce(admin, was.admin)), name, NULL);
	END $$;

CREATE FUNCTION mst.team_put(name text, description text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ BEGIN
		PERFORM mst.need_admin('make teams');
		INSERT INTO mst.team AS t (name, description) VALUES (team_put.name, coalesce(team_put.description, ''))
			ON CONFLICT ON CONSTRAINT team_pkey DO UPDATE
			SET description = coalesce(team_put.description, t.description);
		PERFORM mst.event_add('team_put', json_build_object('team', name), NULL, name);
	END $$;

CREATE FUNCTION mst.team_rm(name text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
	DECLARE
		place text;
	BEGIN
		PERFORM mst.need_admin('remove teams');
		DELETE FROM mst.team t WHERE t.name = team_rm.name;
		IF NOT FOUND THEN
			RAISE undefined_object USING MESSAGE = format('there is no team "%s"', name);
		END IF;
		SET CONSTRAINTS ALL IMMEDIATE;
		PERFORM mst.event_add('team_removed', json_build_object('team', name), session_user, NULL);
	EXCEPTION WHEN foreign_key_violation THEN
		GET STACKED DIAGNOSTICS place = TABLE_NAME;
		RAISE foreign_key_violation USING MESSAGE = format('team "%s" still owns something (%s)', name, place),
			HINT = 'give that to another team, or remove it, first';
	END $$;

-- The members of a team are kept by its admins and those of mst.
CREATE FUNCTION mst.team_join(team text, account text, role text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ BEGIN
		PERFORM mst.need_team_admin(team);
		IF NOT EXISTS (SELECT FROM mst.account a WHERE a.name = team_join.account) THEN
			RAISE undefined_object USING MESSAGE = format('there is no user "%s"', account),
				HINT = format('an admin adds one: mst-user add %s', account);
		END IF;
		INSERT INTO mst.member AS m (team, account, role) VALUES (team_join.team, team_join.account, team_join.role)
			ON CONFLICT ON CONSTRAINT member_pkey DO UPDATE
			SET role = excluded.role, added_by = excluded.added_by, added_at = excluded.added_at
			WHERE m.role <> excluded.role;
		PERFORM mst.event_add('member_joined', json_build_object('team', team, 'user', account, 'role', role), NULL, team);
	END $$;

-- Whoever wants to leave may.
CREATE FUNCTION mst.team_leave(team text, account text) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ BEGIN
		IF mst.me() IS DISTINCT FROM account THEN
			PERFORM mst.need_team_admin(team);
		END IF;
		DELETE FROM mst.member m WHERE m.team = team_leave.team AND m.account = team_leave.account;
		IF NOT FOUND THEN
			RAISE undefined_object USING MESSAGE = format('"%s" is no member of team "%s"', account, team);
		END IF;
		PERFORM mst.event_add('member_left', json_build_object('team', team, 'user', account), NULL, team);
	END $$;

CREATE FUNCTION mst.need_team_admin(team text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	AS $$ BEGIN
		IF NOT coalesce(mst.is_admin() OR team = ANY (mst.my_teams('admin')), false) THEN
			RAISE insufficient_privilege USING
				MESSAGE = format('only an admin of team "%s" may keep its members; "%s" is none', team, session_user),
				HINT = 'mst-team get shows who is';
		ELSIF NOT EXISTS (SELECT FROM mst.team t WHERE t.name = need_team_admin.team) THEN
			RAISE undefined_object USING MESSAGE = format('there is no team "%s"', team),
				HINT = format('an admin makes one: mst-team put %s', team);
		END IF;
	END $$;
