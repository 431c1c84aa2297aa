-- What happens to tables is told to those that watch, once a statement.

CREATE OR REPLACE FUNCTION mst.catalogue_keep() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	happened boolean;
BEGIN
	IF TG_OP = 'INSERT' THEN
		INSERT INTO mst.catalogue_revision SELECT n.name, n.revision, n.action, n.updated_at, n.updated_by, n.source,
			n.owner, n.team, n.file, n.origin, n.sql, n.sha256, n.kind, n.dialect, n.attrs, n.reads, n.writes,
			n.calls, n.line FROM new_rows n;
		INSERT INTO mst.event (kind, data, owner, team) SELECT 'table_added',
			json_build_object('table', n.name, 'revision', n.revision, 'by', n.updated_by), n.owner, n.team
			FROM new_rows n;
		happened := FOUND;
	ELSIF TG_OP = 'UPDATE' THEN
		INSERT INTO mst.catalogue_revision SELECT n.name, n.revision, n.action, n.updated_at, n.updated_by, n.source,
			n.owner, n.team, n.file, n.origin, n.sql, n.sha256, n.kind, n.dialect, n.attrs, n.reads, n.writes,
			n.calls, n.line FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.revision <> n.revision;
		INSERT INTO mst.event (kind, data, owner, team) SELECT 'table_changed',
			json_build_object('table', n.name, 'revision', n.revision, 'by', n.updated_by), n.owner, n.team
			FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.revision <> n.revision;
		happened := FOUND;
	ELSE
		INSERT INTO mst.catalogue_revision SELECT o.name, o.revision + 1, 'rm', clock_timestamp(), session_user,
			mst.catalogue_source(), o.owner, o.team, o.file, o.origin, o.sql, o.sha256, o.kind, o.dialect, o.attrs,
			o.reads, o.writes, o.calls, o.line FROM old_rows o;
		INSERT INTO mst.event (kind, data, owner, team) SELECT 'table_removed',
			json_build_object('table', o.name, 'revision', o.revision + 1, 'by', session_user), o.owner, o.team
			FROM old_rows o;
		happened := FOUND;
	END IF;
	IF happened THEN
		PERFORM mst.tell_watchers(0, false);
	END IF;
	RETURN NULL;
END $$;
