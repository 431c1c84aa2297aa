-- External tables: a load is an event, and wakes the jobs that wait for it.

-- the last load of a table is found among few; row security lets no index look into data
CREATE INDEX event_loaded ON mst.event (id) WHERE kind = 'table_loaded';
CREATE INDEX event_loaded_at ON mst.event (at) WHERE kind = 'table_loaded';

CREATE FUNCTION mst.table_loaded(name text, rows bigint, bytes bigint, rows_bad bigint) RETURNS bigint
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c record;
BEGIN
	PERFORM mst.must_be_user();
	SELECT x.owner, x.team INTO c FROM mst.catalogue x
		WHERE x.name = table_loaded.name AND mst.may('read', x.owner, x.team);
	IF NOT FOUND THEN
		RAISE no_data_found USING MESSAGE = format('there is no table %s in the catalogue', name);
	END IF;
	IF NOT mst.may('write', c.owner, c.team) THEN
		RAISE insufficient_privilege USING MESSAGE = format('%s may not write table %s', session_user, name);
	END IF;
	PERFORM mst.event_add('table_loaded',
		json_build_object('name', name, 'rows', rows, 'bytes', bytes, 'rows_bad', nullif(rows_bad, 0)), c.owner, c.team);
	RETURN mst.wake(name);
END $$;
COMMENT ON FUNCTION mst.table_loaded IS 'says that an external table was loaded; the jobs that wait for it go on';
