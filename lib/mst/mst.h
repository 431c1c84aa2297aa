/* libmst: the state of the maestro toolkit, for programs of your own.
 *
 * A handle is a connection to the state database: the one that struct mst_options names, else the private
 * cluster, which is made, started and migrated where need be.  Neither configuration files nor MST_DB,
 * MST_HOME and their like are read: a program says what it means.  Who may do what is decided by the
 * database, as for the commands.
 *
 * Functions return 0 or one of the negative MST_E codes; mst_message says then what went wrong, in
 * one line, and mst_hint_text what to do about it.  Objects come and go as JSON, one object each, as
 * mst-json(5) has them.  A handle belongs to one thread at a time; handles know nothing of each
 * other.  Nothing is printed.  Out of memory ends the program with a message.
 *
 *     mst_handle *m;
 *     if (mst_open(&(struct mst_options){ 0 }, &m) ||
 *         mst_table_put(m, "demo.hello", "SELECT 'hello' AS world", NULL) ||
 *         mst_run(m, (const char *[]){ "demo.hello" }, 1, &run))
 *             fprintf(stderr, "%s\n", mst_message(m));
 *     mst_close(m);
 */
#ifndef MST_MST_MST_H
#define MST_MST_MST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MST_API __attribute__((visibility("default")))
#else
#define MST_API
#endif

/* The codes, and the exit status that a command ends with. */
#define MST_E_USAGE (-1)       /* 2: an argument is wrong */
#define MST_E_DATA (-2)        /* 3: bad input: SQL, JSON */
#define MST_E_NOT_FOUND (-3)   /* 1 */
#define MST_E_CONFLICT (-4)    /* 1: it has changed, it is locked */
#define MST_E_DENIED (-5)      /* 6: no permission */
#define MST_E_UNAVAILABLE (-6) /* 4: the database is not there or of another version */
#define MST_E_TIMEOUT (-7)     /* 5 */
#define MST_E_CANCELLED (-8)   /* 130 */
#define MST_E_REMOTE (-9)      /* 5 */
#define MST_E_LIMIT (-10)      /* 3 */
#define MST_E_IO (-11)         /* 7 */
#define MST_E_BUG (-12)        /* 7: ours */
#define MST_E_FAILED (-13)     /* 1: a job failed */

typedef struct mst_handle mst_handle;

/* Zeroed is fine; what stands in it is copied. */
struct mst_options {
	const char *db;        /* libpq connection string of the state database; NULL: the private cluster */
	const char *warehouse; /* the same of the warehouse; NULL: a database of the private cluster */
	const char *home;      /* folder of the private cluster; NULL: the user's own, that is
	                        * $XDG_DATA_HOME/mst, else ~/.local/share/mst, for root /var/lib/mst */
	const char *app;       /* application_name; NULL: "libmst" */
};

/* "0.1.0" */
MST_API const char *mst_version(void);

/* Connects.  *out is a handle even on failure, for mst_message; mst_close frees it.  MST_E_UNAVAILABLE,
 * MST_E_DENIED (a role that mst does not know). */
MST_API int mst_open(const struct mst_options *options, mst_handle **out);
MST_API void mst_close(mst_handle *);

/* Of the last function that failed on this handle; "" before that.  Valid until the next call. */
MST_API const char *mst_message(const mst_handle *);
MST_API const char *mst_hint_text(const mst_handle *);

/* One object, with a NUL behind; not 0 stops, and is what the function returns then (use a positive
 * number of your own). */
typedef int mst_line(void *arg, const char *json, size_t n);

/* Puts a table into the catalogue: its SQL with the attributes at its head, as a file would hold it.
 * *revision (may be NULL) gets the number of its revision; where nothing changed it stays the one it
 * was.  MST_E_DATA: the SQL or an attribute cannot be read; MST_E_DENIED. */
MST_API int mst_table_put(mst_handle *, const char *name, const char *sql, int64_t *revision);
/* The `table` line, with its SQL.  MST_E_NOT_FOUND. */
MST_API int mst_table_get(mst_handle *, const char *name, mst_line *, void *arg);
/* The `table` lines, without their SQL, in the order of their names. */
MST_API int mst_table_list(mst_handle *, mst_line *, void *arg);
/* MST_E_NOT_FOUND, MST_E_DENIED. */
MST_API int mst_table_remove(mst_handle *, const char *name);

/* Plans what the selectors (mst-plan(1); none: everything) take from the catalogue, runs it here and
 * returns at its end.  *run (may be NULL) gets its number as soon as there is one.  MST_E_FAILED where a job failed;
 * MST_E_DATA for a cycle or a selector that takes nothing. */
MST_API int mst_run(mst_handle *, const char *const *selectors, size_t n, int64_t *run);
/* Asks the run of this handle, under way in another thread or below a signal handler, to stop: its statements
 * are cancelled, it ends cancelled. */
MST_API void mst_run_stop(mst_handle *);
/* The `run` line.  MST_E_NOT_FOUND. */
MST_API int mst_run_get(mst_handle *, int64_t run, mst_line *, void *arg);
/* The `job` lines of a run, in the order of its plan.  MST_E_NOT_FOUND. */
MST_API int mst_run_jobs(mst_handle *, int64_t run, mst_line *, void *arg);

#ifdef __cplusplus
}
#endif

#endif
