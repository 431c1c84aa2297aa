/* What every attempt at a target begins and ends with. */
#include "provider/postgres/internal.h"

#include "base/sha256.h"
#include "base/time.h"

#include <stdlib.h>

/* The schema is made outside of the transaction: others that need it must not wait for the build. */
static int have_schema(struct pg *pg, const struct pg_names *n, struct mst_error *err)
{
	for (size_t i = 0; i < pg->schemas.n; i++)
		if (str_eq(pg->schemas.v[i], n->schema_text))
			return 0;
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, pg->db, STR("SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1"),
			  &n->schema_text, 1, &r, err);
	if (!rc && db_rows(r) == 0) {
		rc = db_exec_quietly(pg->db,
				     str_of(pool_printf(tmp, "CREATE SCHEMA IF NOT EXISTS %.*s", STR_FMT(n->schema))), err);
		/* two at once: the other one made it */
		if (rc && (strcmp(err->sqlstate, "23505") == 0 || strcmp(err->sqlstate, "42P06") == 0))
			rc = 0;
	}
	if (!rc)
		*vec_push(pg->pool, &pg->schemas) = str_dup(pg->pool, n->schema_text);
	return rc;
}

/* Whoever writes the same target waits here until the other one's commit. */
int64_t pg_target_key(struct str full)
{
	POOL_SCRATCH(tmp);
	char hex[SHA256_HEX];
	sha256_hex(hex, str_of(pool_printf(tmp, "mst %.*s", STR_FMT(full))));
	hex[15] = 0;
	return strtoll(hex, NULL, 16);
}

/* A server notices that a client was killed when it writes to it, which may be hours later. */
static int have_watch(struct pg *pg, struct mst_error *err)
{
	if (pg->watching)
		return 0;
	pg->watching = true;
	int rc = db_exec(pg->db, STR("SET client_connection_check_interval TO '5s'"), err);
	/* some systems have no such check */
	return rc == MST_UNAVAILABLE || rc == MST_CANCELLED || rc == MST_TIMEOUT ? rc : 0;
}

static int busy(struct pg_job *j, struct str key, struct mst_error *err)
{
	const struct db_result *r;
	int rc = db_query(j->pool, j->pg->db,
			  STR("SELECT a.pid, a.application_name FROM pg_catalog.pg_locks l"
			      "  JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
			      " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
			      "   AND l.database = (SELECT oid FROM pg_catalog.pg_database"
			      "     WHERE datname = pg_catalog.current_database())"
			      "   AND (l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8 = $1::pg_catalog.int8"
			      " LIMIT 1"),
			  &key, 1, &r, err);
	if (rc)
		return rc;
	if (db_rows(r)) {
		struct str app = db_text(r, 0, 1);
		mst_fail(err, MST_CONFLICT, "%.*s is being written by %.*s (process %.*s of the server)",
			 STR_FMT(j->n.full), app.n ? (int)app.n : 7, app.n ? app.p : "another", STR_FMT(db_text(r, 0, 0)));
	} else {
		mst_fail(err, MST_CONFLICT, "%.*s was being written by somebody else", STR_FMT(j->n.full));
	}
	return mst_hint(err, "with '-- mst: when_busy: wait' the job would wait for it");
}

static int lock_target(struct pg_job *j, bool drop, struct mst_error *err)
{
	struct pg *pg = j->pg;
	struct str begin = pg_begin_sql(j->pool, &j->n, j->t), leftover = pg_drop_build_sql(j->pool, &j->n);
	long long key = pg_target_key(j->n.full);
	if (!j->t->busy_fails)
		return db_exec_quietly(pg->db,
				       str_of(pool_printf(j->pool, "%.*s; SELECT pg_catalog.pg_advisory_xact_lock(%lld)%s%.*s",
							  STR_FMT(begin), key, drop ? "; " : "",
							  drop ? (int)leftover.n : 0, leftover.p)),
				       err);
	const struct db_result *r;
	struct str param = db_param_int(j->pool, key);
	int rc = db_exec(pg->db, begin, err);
	if (!rc)
		rc = db_query(j->pool, pg->db, STR("SELECT pg_catalog.pg_try_advisory_xact_lock($1)"), &param, 1, &r, err);
	if (!rc && !db_bool(r, 0, 0))
		return busy(j, param, err);
	return rc || !drop ? rc : db_exec_quietly(pg->db, leftover, err);
}

/* Statements of the attributes pre and post. */
static int statements(struct pg_job *j, const char *which, const struct str *v, size_t n, struct mst_error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct pg_text x;
		pg_text_make(j->pool, j->t, "", v[i], "", true, PG_NO_TABLE, &x);
		int rc = db_exec(j->pg->db, x.sql, err);
		if (!rc && !db_in_transaction(j->pg->db))
			rc = mst_fail(err, MST_DATA, "it ends the transaction of the job");
		if (rc) {
			mst_wrap(err, n > 1 ? "%s statement %zu" : "%s statement", which, i + 1);
			return mst_place(err, j->t->file, 0, 0);
		}
	}
	return 0;
}

int pg_begin(struct pg *pg, struct pool *pool, const struct warehouse_target *t, bool drop, struct pg_job *out,
	     struct mst_error *err)
{
	struct pg_job *j = out;
	*j = (struct pg_job){ .pg = pg, .pool = pool, .t = t, .result = { .rows = -1, .bytes = -1, .cpu_us = -1 } };
	j->result.tests = (struct str){ "", 0 };
	pool_clear(pg->answer);
	pg_names(pool, t, &j->n);
	db_deadline(pg->db, t->timeout_us ? time_mono_us() + t->timeout_us : 0);
	int rc = have_watch(pg, err);
	if (!rc)
		rc = have_schema(pg, &j->n, err);
	if (!rc && (t->job_key.n || t->watermark.p))
		rc = pg_effect_open(pg, err);
	if (!rc)
		rc = lock_target(j, drop, err);
	if (!rc && t->look && t->job_key.n && pg->effect == PG_EFFECT_KEPT)
		rc = pg_effect_look(j, err);
	if (!rc && !j->done)
		rc = statements(j, "pre", t->pre, t->n_pre, err);
	return rc;
}

/* After a COMMIT without an answer nobody knows; the record of the effect tells the next attempt. */
static int commit(struct pg_job *j, struct mst_error *err)
{
	int rc = db_commit(j->pg->db, err);
	if (rc == MST_UNAVAILABLE || rc == MST_IO) {
		mst_wrap(err, "at the commit, so that it is not known whether it is done");
		err->code = rc = MST_UNAVAILABLE;
		err->retry = true;
	}
	return rc;
}

static void tell(struct pg_job *j, struct warehouse_result *out)
{
	j->result.done_before = j->done;
	if (j->t->job_key.n && j->pg->effect != PG_EFFECT_KEPT)
		j->result.at_least_once = true;
	*out = j->result;
}

int pg_finish(struct pg_job *j, struct warehouse_result *out, struct mst_error *err)
{
	struct pg *pg = j->pg;
	int rc = 0;
	if (!j->done)
		rc = statements(j, "post", j->t->post, j->t->n_post, err);
	if (!rc && db_in_transaction(pg->db))
		rc = commit(j, err);
	if (rc)
		return pg_undo(j, out, err);
	db_deadline(pg->db, 0);
	tell(j, out);
	return 0;
}

int pg_undo(struct pg_job *j, struct warehouse_result *out, struct mst_error *err)
{
	struct pg *pg = j->pg;
	db_rollback(pg->db);
	db_deadline(pg->db, 0);
	if (err->code == MST_TIMEOUT && j->t->timeout_us) {
		char limit[TIME_SHORT_MAX];
		mst_fail(err, MST_TIMEOUT, "the attempt took longer than %s", time_short(limit, j->t->timeout_us));
		mst_hint(err, "the attribute 'timeout' says how long it may take");
		mst_place(err, j->t->file, 0, 0);
	}
	if (out) {
		struct str tests = j->result.tests;
		*out = (struct warehouse_result){ .rows = -1, .bytes = -1, .cpu_us = -1, .tests = tests };
	}
	return err->code;
}

int pg_relkind(struct pg_job *j, char *relkind, struct mst_error *err)
{
	const struct db_result *r;
	struct str names[] = { j->n.schema_text, j->n.table_text };
	int rc = db_query(j->pool, j->pg->db,
			  STR("SELECT c.relkind FROM pg_catalog.pg_class c"
			      "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
			      " WHERE n.nspname = $1 AND c.relname = $2"),
			  names, 2, &r, err);
	if (!rc)
		*relkind = db_rows(r) ? db_text(r, 0, 0).p[0] : 0;
	return rc;
}
