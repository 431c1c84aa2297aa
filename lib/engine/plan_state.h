/* What the files of the planner share. */
#ifndef MST_ENGINE_PLAN_STATE_H
#define MST_ENGINE_PLAN_STATE_H

#include "base/jsonl.h"
#include "base/map.h"
#include "engine/match.h"
#include "engine/plan.h"
#include "engine/select.h"

/* A dependency is the number of a symbol (a name that was seen), with: */
#define DEP_EXTERNAL (UINT32_C(1) << 31) /* nothing in the input answers to it */
#define DEP_QUIET (UINT32_C(1) << 30)    /* a routine: not counted as external */
#define DEP_PLAIN (UINT32_C(1) << 29)    /* a star in it is no pattern */
#define DEP_SYMBOL (DEP_PLAIN - 1)
#define NONE UINT32_MAX

enum {
	LINE_COMPACT = 1, /* starts {"type":"T", : spliced without a scan */
	LINE_HELD = 2,    /* a job with "run":false */
	LINE_AFTER = 4,   /* its `after` counts */
};

struct line {
	const char *p;
	uint64_t at;
	uint32_t n;
	uint32_t symbol;
	uint32_t dep; /* first of its dependencies; they end where those of the next begin */
	uint16_t source;
	uint8_t flags, type_end; /* LINE_COMPACT: where the comma behind the type stands */
	uint32_t extra;          /* or NONE */
};

/* Most lines of a huge graph carry none of these. */
struct extra {
	struct str attrs, kind, sql_sha256, file;
};

struct symbol {
	const char *p;
	uint32_t n;    /* with SYMBOL_PATTERN where it ends in a star */
	uint32_t line; /* that defines it, or NONE */
};
#define SYMBOL_PATTERN (UINT32_C(1) << 31)

struct written {
	uint32_t symbol, line;
	bool read_too; /* the line reads what it writes */
};

struct pending {
	struct str key;
	uint32_t hash;
	uint32_t to;   /* dependency, line or write, by `what` */
	uint32_t what;
};
#define PENDING 64
#define NEAR_NAME 64

struct plan_state {
	VEC(const char *) source;
	VEC(struct line) line;
	VEC(uint32_t) dep;
	VEC(struct extra) extra;
	VEC(struct symbol) symbol;
	VEC(struct written) write;
	struct map names;
	char *near; /* short names are kept close together, for they are compared often */
	size_t near_left;
	struct pending pending[PENDING];
	unsigned npending;

	/* set by plan_make: a node is a line, numbered in byte order of the names */
	uint32_t nodes;
	uint32_t *line_of; /* node -> line */
	uint32_t *node_of; /* line -> node */
	struct str *name;  /* by node; close together, in order */
	char *quoted;      /* the same as JSON strings, one behind the other */
	size_t *quoted_at;
	struct match *match, *match_written;
	struct writers {
		uint32_t first, mixed, end; /* in `write`, sorted: those that only write, those that read too */
	} *writers; /* by number in match_written */
	struct graph all;

	/* of the nodes that become jobs, numbered in byte order of the names again */
	uint32_t kept;
	uint32_t *kept_node; /* kept -> node, NULL where all are kept */
	uint32_t *job_of;    /* kept -> job */
	uint32_t *kept_of;   /* and back */
	uint8_t *run;        /* by kept */
	struct graph graph;
};

static inline uint32_t plan_node_of_kept(const struct plan_state *s, uint32_t kept)
{
	return s->kept_node ? s->kept_node[kept] : kept;
}

static inline uint32_t plan_line_of_kept(const struct plan_state *s, uint32_t kept)
{
	return s->line_of[plan_node_of_kept(s, kept)];
}

static inline struct str plan_symbol_name(const struct plan_state *s, uint32_t symbol)
{
	return (struct str){ s->symbol.v[symbol].p, s->symbol.v[symbol].n & ~SYMBOL_PATTERN };
}

/* Dependencies of a line: s->dep.v[first] .. [end - 1]. */
static inline uint32_t plan_dep_end(const struct plan_state *s, uint32_t line)
{
	return line + 1 < s->line.n ? s->line.v[line + 1].dep : (uint32_t)s->dep.n;
}

void plan_warn(struct plan *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "stdin:12", with " (sql/a.sql)" where the line names a file. */
const char *plan_place(const struct plan *, struct pool *, uint32_t line);
/* Interns what is still pending. */
int plan_flush(struct plan *, struct mst_error *);

/* Numbers the nodes, finds what every name means, builds s->all. */
int plan_resolve(struct plan *, struct mst_error *);
/* The lines that `name` in the SQL of `line` means. */
enum match_found plan_lookup(struct plan *, struct pool *, uint32_t line, struct str name, match_list *lines,
			     struct str two[2]);
/* s->graph of the nodes with keep[u], s->kept of them. */
int plan_narrow(struct plan *, const uint8_t *keep, struct mst_error *);
/* Lists the cycles of s->graph in p->cycles; returns MST_DATA. */
int plan_fail_cycles(struct plan *, struct mst_error *);
void plan_hash(struct plan *);
struct select_source plan_select_source(const struct plan *, const struct graph *);

#endif
