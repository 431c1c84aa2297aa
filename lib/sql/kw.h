/* The keywords that the reader looks for, and what each may end.  For lib/sql only. */
#ifndef MST_SQL_KW_H
#define MST_SQL_KW_H

#include <stddef.h>
#include <stdint.h>

/* What a keyword does at the level at which it stands. */
enum kw_flag {
	KF_FROM = 1,     /* starts a FROM clause */
	KF_SET = 2,      /* set operation */
	KF_SELECT = 4,
	KF_CLAUSE = 8,   /* ends a FROM clause */
	KF_JOIN = 16,    /* JOIN and the words before it */
	KF_ITEM = 32,    /* goes on with a FROM item: ON, USING, WITH, TABLESAMPLE */
	KF_INTO = 64,
	KF_THEN = 128,
	KF_DO = 256,     /* DO, LOOP */
	KF_NOALIAS = 512, /* reserved: never an alias */
	KF_CREATE = 1024, /* starts a statement where a template left no ';' */
};

/* name, flags.  Sorted; kw.c holds the hash that finds them. */
#define KW_LIST(X) \
	X(AGGREGATE, 0) X(ALL, KF_NOALIAS) X(ALTER, 0) X(ANALYZE, 0) X(AND, KF_NOALIAS) \
	X(ANTI, 0) X(ARRAY, 0) X(AS, KF_NOALIAS) X(ASOF, 0) X(ASSERT, 0) X(BEGIN, 0) X(BY, KF_NOALIAS) \
	X(CALL, 0) X(CASE, KF_NOALIAS) X(CLONE, 0) X(CLUSTER, 0) X(COMMENT, 0) X(COPY, 0) X(CORRESPONDING, 0) \
	X(CREATE, KF_CREATE | KF_NOALIAS) X(CROSS, KF_JOIN | KF_NOALIAS) X(CURSOR, 0) X(DATA, 0) X(DECLARE, 0) \
	X(DELETE, 0) X(DISTINCT, KF_NOALIAS) X(DO, KF_DO) X(DROP, 0) X(EACH, 0) X(ELSE, KF_NOALIAS) \
	X(ELSEIF, 0) X(ELSIF, 0) X(END, KF_NOALIAS) X(EXCEPT, KF_SET | KF_NOALIAS) X(EXCEPTION, 0) \
	X(EXECUTE, 0) X(EXISTS, 0) X(EXPLAIN, 0) X(EXPORT, 0) X(EXTERNAL, 0) \
	X(FETCH, KF_CLAUSE | KF_NOALIAS) X(FOR, KF_CLAUSE | KF_NOALIAS) X(FOREACH, 0) \
	X(FROM, KF_FROM | KF_NOALIAS) X(FULL, KF_JOIN | KF_NOALIAS) X(FUNCTION, 0) X(GRANT, 0) \
	X(GROUP, KF_CLAUSE | KF_NOALIAS) X(HAVING, KF_CLAUSE | KF_NOALIAS) X(IF, KF_NOALIAS) \
	X(IMMEDIATE, 0) X(IN, KF_NOALIAS) X(INDEX, 0) X(INHERITS, 0) \
	X(INNER, KF_JOIN | KF_NOALIAS) X(INSERT, 0) X(INTERSECT, KF_SET | KF_NOALIAS) \
	X(INTO, KF_INTO | KF_NOALIAS) X(IS, KF_NOALIAS) X(JOIN, KF_JOIN | KF_NOALIAS) X(LANGUAGE, 0) \
	X(LATERAL, KF_NOALIAS) X(LEFT, KF_JOIN | KF_NOALIAS) X(LIKE, KF_NOALIAS) \
	X(LIMIT, KF_CLAUSE | KF_NOALIAS) X(LOAD, 0) X(LOCK, 0) X(LOOP, KF_DO) X(MATCH_RECOGNIZE, 0) X(MATERIALIZED, 0) \
	X(MERGE, 0) X(MINUS, 0) X(MODEL, 0) X(NATURAL, KF_JOIN | KF_NOALIAS) \
	X(NOT, KF_NOALIAS) X(OFFSET, 0) X(ON, KF_ITEM | KF_NOALIAS) X(ONLY, 0) X(OPEN, 0) \
	X(OR, KF_NOALIAS) X(ORDER, KF_CLAUSE | KF_NOALIAS) X(OUTER, KF_JOIN | KF_NOALIAS) \
	X(OVERWRITE, 0) X(PARTITION, 0) X(PERFORM, 0) X(PIVOT, 0) X(POLICY, 0) X(PREPARE, 0) \
	X(PROCEDURE, 0) X(QUALIFY, KF_CLAUSE | KF_NOALIAS) X(QUERY, 0) X(RECURSIVE, 0) X(REFERENCES, 0) X(REFRESH, 0) \
	X(REPEAT, 0) X(REPLACE, 0) X(REPLICA, 0) X(RETURN, 0) X(RETURNING, 0) X(REVOKE, 0) \
	X(RIGHT, KF_JOIN | KF_NOALIAS) X(ROW, 0) X(ROWS, KF_NOALIAS) X(RULE, 0) X(SCHEMA, 0) \
	X(SELECT, KF_SELECT | KF_NOALIAS) X(SEMI, 0) X(SEQUENCE, 0) X(SET, KF_CLAUSE | KF_NOALIAS) \
	X(SNAPSHOT, 0) X(STRAIGHT_JOIN, 0) X(SYSTEM_TIME, 0) X(TABLE, 0) \
	X(TABLESAMPLE, KF_ITEM | KF_NOALIAS) X(TEMP, 0) X(TEMPORARY, 0) X(THEN, KF_THEN | KF_NOALIAS) \
	X(TO, KF_NOALIAS) X(TRIGGER, 0) X(TRUNCATE, 0) X(TYPE, 0) \
	X(UNION, KF_SET | KF_NOALIAS) X(UNNEST, KF_NOALIAS) X(UNPIVOT, 0) X(UNTIL, 0) X(UPDATE, 0) \
	X(USING, KF_ITEM | KF_NOALIAS) X(VACUUM, 0) X(VALUES, 0) X(VIEW, 0) X(WHEN, KF_NOALIAS) \
	X(WHERE, KF_CLAUSE | KF_NOALIAS) X(WHILE, 0) X(WINDOW, KF_CLAUSE | KF_NOALIAS) \
	X(WITH, KF_ITEM | KF_NOALIAS)

enum kw {
	KW_NONE,
#define KW_ENUM(name, flags) KW_##name,
	KW_LIST(KW_ENUM)
#undef KW_ENUM
	KW_COUNT
};

/* flags[kw]; flags of KW_NONE are 0. */
extern const uint16_t kw_flags[KW_COUNT];
/* By number: upper case and length. */
extern const char kw_names[KW_COUNT][16];
extern const uint8_t kw_lens[KW_COUNT];
/* A perfect hash of the list: the factors were found by trying random ones until
 * no two words shared a slot.  A test holds every word against it. */
extern const uint8_t kw_slots[1024];
#define KW_LONGEST 15

/* The keyword of a word in any case, or KW_NONE. */
static inline enum kw kw_find(const char *word, size_t n)
{
	const unsigned char *p = (const unsigned char *)word;
	if (n < 2 || n > KW_LONGEST)
		return KW_NONE;
	unsigned slot =
		(p[0] & 0xdfu) * 962u + (p[1] & 0xdfu) * 110u + (p[n - 1] & 0xdfu) * 487u + (p[n - 2] & 0xdfu) * 979u +
		(unsigned)n * 61;
	unsigned k = kw_slots[slot & 1023];
	if (k == KW_NONE || kw_lens[k] != n)
		return KW_NONE;
	for (size_t i = 0; i < n; i++)
		if ((p[i] >= 'a' && p[i] <= 'z' ? p[i] - 32 : p[i]) != (unsigned char)kw_names[k][i])
			return KW_NONE;
	return k;
}

#endif
