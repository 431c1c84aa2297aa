/* The lexer of sql/: one token at a time, without memory of its own.  The state
 * is small and copied to look ahead.  Every byte is looked at a bounded number
 * of times, whatever it is.  For the other files of lib/sql only. */
#ifndef MST_SQL_LEX_H
#define MST_SQL_LEX_H

#include "sql/kw.h"
#include "sql/sql.h"

#include <stdbool.h>
#include <stdint.h>

enum tok_kind {
	T_EOF,
	T_WORD,     /* bare word; kw is set where it is a keyword and no dot stands before it */
	T_QUOTED,   /* quoted identifier, with its quotes */
	T_STRING,
	T_NUMBER,
	T_PARAM,    /* @x @@x :x $1 ? */
	T_TEMPLATE, /* {{ ... }} and ${...} */
	T_BLOCK,    /* {% ... %}: stands where a blank may */
	T_PIPE,     /* |> */
	T_PUNCT,    /* any other single byte, in ch */
};

/* What is wrong with a token. */
enum tok_bad { BAD_NONE, BAD_STRING, BAD_NAME, BAD_COMMENT };

struct tok {
	const char *start, *end;
	uint8_t kind, kw, ch, bad;
	bool branch; /* {% else %} or {% elif %} stands before it (set by the reader) */
};

struct lex {
	const char *p, *end;
	const char *line_end;    /* one past the line in which a single-line string was looked for */
	const char *closed[3];   /* the next "}}", "%}", "#}" found last; end where there is none */
	const char *comment_bad; /* an unterminated comment, or NULL */
	uint8_t dialect;
	uint8_t dot;     /* the token before is a dot */
	uint8_t quoting; /* templates whose quotes do not match, so far */
	bool exact;      /* as the server reads it, and nothing else: no templates, no parameters but $1 */
};

/* Reads from `text`, which need not end in NUL. */
void lex_init(struct lex *, enum sql_dialect, struct str text);
/* The next token, T_BLOCK included. */
void lex_next(struct lex *, struct tok *);
/* The end of the template that starts at p ("{{", "{%", "{#", "${"), or NULL
 * where none starts or it is not closed. */
const char *lex_template(struct lex *, const char *p);
/* Past blanks and comments. */
const char *lex_blank(struct lex *, const char *p);
/* The content of a T_STRING without prefix and quotes; *plain is false where
 * escapes or doubled quotes stand in it. */
struct str lex_string_body(enum sql_dialect, struct str token, bool *plain);

/* May stand in a bare word: letters, digits, '_', bytes from 0x80. */
extern const uint8_t lex_class[256];
enum {
	CC_SPACE = 1,
	CC_WORD = 2, /* may start one */
	CC_DIGIT = 4,
};
static inline bool lex_is_word(char c)
{
	return lex_class[(unsigned char)c] & (CC_WORD | CC_DIGIT);
}

#endif
