#include "base/map.h"
#include "model/attrs_header.h"

#include <ctype.h>
#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>

enum { NODES_MAX = 10000 };

struct level {
	bool is_map, at_key;
	struct map keys;
};

static void destroy(void *parser)
{
	fy_parser_destroy(parser);
}

static void let_go(void *diag)
{
	fy_diag_unref(diag);
}

/* What libfyaml says first: "<memory...>:LINE:COL: error: TEXT". */
struct complaint {
	char text[256];
};

static void hear(struct fy_diag *diag, void *user, const char *p, size_t n)
{
	(void)diag;
	struct complaint *c = user;
	if (!c->text[0])
		snprintf(c->text, sizeof c->text, "%.*s", (int)(n > 250 ? 250 : n), p);
}

/* Collecting errors inside libfyaml 0.7 leaks them, so they are heard instead. */
static struct fy_diag *new_diag(struct pool *pool, struct complaint *c)
{
	struct fy_diag_cfg cfg;
	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL;
	cfg.output_fn = hear;
	cfg.user = c;
	cfg.level = FYET_ERROR;
	cfg.colorize = cfg.show_source = cfg.show_type = cfg.show_module = false;
	cfg.show_position = true;
	struct fy_diag *diag = fy_diag_create(&cfg);
	if (!diag)
		mst_out_of_memory();
	pool_on_free(pool, let_go, diag);
	return diag;
}

struct reader {
	struct pool *pool;
	const struct header *h;
	struct mst_error *err;
	struct fy_parser *parser;
	struct complaint said;
	struct fy_event *event;
	struct buf json;
	struct jw w;
	struct level level[ATTRS_DEPTH_MAX + 1];
	unsigned depth;
	unsigned nodes;
	bool text; /* the attribute being read takes texts: scalars stay as written */
	struct attrs *out;
};

static int fail_at(struct reader *r, const struct fy_mark *m, int code, const char *what)
{
	struct attr_place at = header_place(r->h, m ? m->input_pos : 0);
	mst_fail(r->err, code, "%s", what);
	return mst_place(r->err, "", at.line, at.col);
}

static int fail_here(struct reader *r, int code, const char *what)
{
	return fail_at(r, fy_event_start_mark(r->event), code, what);
}

static int fail_yaml(struct reader *r)
{
	const char *msg = strstr(r->said.text, ": error: "), *at = strstr(r->said.text, ">:");
	unsigned long line = 0, col = 0;
	char *end;
	if (msg && at && at < msg) {
		line = strtoul(at + 2, &end, 10);
		col = *end == ':' ? strtoul(end + 1, NULL, 10) : 0;
	}
	size_t pos = 0;
	if (line && line <= r->h->lines.n)
		pos = r->h->lines.v[line - 1].at + (col ? col - 1 : 0);
	else if (line)
		pos = r->h->yaml.n;
	struct attr_place place = header_place(r->h, pos);
	struct str text = msg ? str_trim(str_of(msg + 9)) : STR("not YAML");
	/* "key: value: more": what was meant is a text */
	bool colon = text.n && memmem(text.p, text.n, "mapping on the same line", 24);
	mst_fail(r->err, MST_DATA, "%.*s%s", STR_FMT(text), colon ? ": a value that holds ': ' wants quotes around it" : "");
	return mst_place(r->err, "", place.line, place.col);
}

static size_t digits(struct str s, size_t i)
{
	size_t k = i;
	while (k < s.n && s.p[k] >= '0' && s.p[k] <= '9')
		k++;
	return k - i;
}

/* [-+]?[0-9]+ as JSON has it: no plus, no leading zeros. */
static bool put_int(struct jw *w, struct str s)
{
	size_t sign = s.n && (s.p[0] == '-' || s.p[0] == '+');
	if (sign == s.n || digits(s, sign) != s.n - sign)
		return false;
	size_t i = sign;
	while (i + 1 < s.n && s.p[i] == '0')
		i++;
	struct buf tmp;
	buf_init(&tmp, w->b->pool);
	if (s.p[0] == '-')
		buf_char(&tmp, '-');
	buf_add(&tmp, s.p + i, s.n - i);
	jw_raw(w, buf_view(&tmp));
	return true;
}

/* 0x1f and 0o17, up to 63 bits */
static bool put_radix(struct jw *w, struct str s)
{
	if (s.n < 3 || s.n > 24 || s.p[0] != '0' || (s.p[1] != 'x' && s.p[1] != 'o'))
		return false;
	unsigned base = s.p[1] == 'x' ? 16 : 8;
	int64_t v = 0;
	for (size_t i = 2; i < s.n; i++) {
		int c = tolower((unsigned char)s.p[i]);
		int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
		if ((unsigned)d >= base || __builtin_mul_overflow(v, (int64_t)base, &v) ||
		    __builtin_add_overflow(v, (int64_t)d, &v))
			return false;
	}
	jw_int(w, v);
	return true;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? as JSON has it */
static bool put_float(struct jw *w, struct str s)
{
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+'), from = i;
	size_t whole = digits(s, i), frac = 0, from_frac = 0;
	i += whole;
	if (i < s.n && s.p[i] == '.') {
		from_frac = i + 1;
		frac = digits(s, from_frac);
		i = from_frac + frac;
	}
	if (whole + frac == 0)
		return false;
	size_t exp = i;
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		i++;
		if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
			i++;
		size_t n = digits(s, i);
		if (!n)
			return false;
		i += n;
	}
	if (i != s.n)
		return false;
	struct buf tmp;
	buf_init(&tmp, w->b->pool);
	if (s.p[0] == '-')
		buf_char(&tmp, '-');
	while (whole > 1 && s.p[from] == '0')
		from++, whole--;
	if (whole)
		buf_add(&tmp, s.p + from, whole);
	else
		buf_char(&tmp, '0');
	if (frac) {
		buf_char(&tmp, '.');
		buf_add(&tmp, s.p + from_frac, frac);
	}
	buf_add(&tmp, s.p + exp, s.n - exp);
	jw_raw(w, buf_view(&tmp));
	return true;
}

static bool one_of(struct str s, const char *a, const char *b, const char *c)
{
	return str_eqz(s, a) || str_eqz(s, b) || str_eqz(s, c);
}

/* The core schema of YAML 1.2.2, section 10.3.2.  Infinities and NaN have no
 * JSON form and stay texts. */
static void put_plain(struct reader *r, struct str s)
{
	if (s.n == 0)
		jw_null(&r->w);
	else if (r->text)
		jw_str(&r->w, s);
	else if (str_eqz(s, "~") || one_of(s, "null", "Null", "NULL"))
		jw_null(&r->w);
	else if (one_of(s, "true", "True", "TRUE"))
		jw_bool(&r->w, true);
	else if (one_of(s, "false", "False", "FALSE"))
		jw_bool(&r->w, false);
	else if (!put_int(&r->w, s) && !put_radix(&r->w, s) && !put_float(&r->w, s))
		jw_str(&r->w, s);
}

static bool takes_text(struct str key)
{
	const struct attr_field *f = attr_field_of(key);
	return f && f->kind != ATTR_BOOL && f->kind != ATTR_INT && f->kind != ATTR_SHAPE;
}

static int read_key(struct reader *r, struct level *l, struct str s)
{
	bool is_new;
	if (s.n > 255)
		return fail_here(r, MST_LIMIT, "a key longer than 255 bytes");
	s = str_dup(r->pool, s);
	map_put(&l->keys, s, &is_new);
	if (!is_new)
		return fail_here(r, MST_DATA, pool_printf(r->pool, "key '%.*s' stands twice", STR_FMT(s)));
	jw_key_str(&r->w, s);
	if (r->depth == 1) {
		const struct fy_mark *m = fy_event_start_mark(r->event);
		*vec_push(r->pool, &r->out->places) = header_place(r->h, m ? m->input_pos : 0);
		r->text = takes_text(s);
	}
	l->at_key = false;
	return 0;
}

static int open_level(struct reader *r, bool is_map)
{
	struct level *up = &r->level[r->depth];
	if (r->depth == 0 && !is_map)
		return fail_here(r, MST_DATA, "attributes are written as key: value");
	if (r->depth && up->is_map && up->at_key)
		return fail_here(r, MST_DATA, "a key must be a plain text");
	if (r->depth == ATTRS_DEPTH_MAX)
		return fail_here(r, MST_LIMIT, pool_printf(r->pool, "more than %d levels", ATTRS_DEPTH_MAX));
	up->at_key = true;
	struct level *l = &r->level[++r->depth];
	*l = (struct level){ .is_map = is_map, .at_key = is_map };
	if (is_map) {
		map_init(&l->keys, r->pool, 0);
		jw_object(&r->w);
	} else {
		jw_array(&r->w);
	}
	return 0;
}

static int scalar(struct reader *r)
{
	struct level *l = &r->level[r->depth];
	struct fy_token *t = r->event->scalar.value;
	size_t n = 0;
	const char *p = fy_token_get_text(t, &n);
	struct str s = { p ? p : "", p ? n : 0 };
	if (r->depth == 0) {
		/* a lone `-- mst:` says nothing, and that is fine */
		if (s.n == 0)
			return 0;
		return fail_here(r, MST_DATA, "attributes are written as key: value");
	}
	if (l->is_map && l->at_key)
		return read_key(r, l, s);
	if (fy_token_scalar_style(t) == FYSS_PLAIN)
		put_plain(r, s);
	else
		jw_str(&r->w, s);
	l->at_key = true;
	return 0;
}

static int take(struct reader *r)
{
	const struct fy_event *e = r->event;
	const struct fy_token *anchor = NULL, *tag = NULL;
	switch (e->type) {
	case FYET_SCALAR: anchor = e->scalar.anchor; tag = e->scalar.tag; break;
	case FYET_SEQUENCE_START: anchor = e->sequence_start.anchor; tag = e->sequence_start.tag; break;
	case FYET_MAPPING_START: anchor = e->mapping_start.anchor; tag = e->mapping_start.tag; break;
	default: break;
	}
	if (anchor || e->type == FYET_ALIAS)
		return fail_here(r, MST_DATA, "anchors and aliases are not allowed in attributes");
	if (tag)
		return fail_here(r, MST_DATA, "tags are not allowed in attributes");
	if (++r->nodes > NODES_MAX)
		return fail_here(r, MST_LIMIT, "too many values in the attributes");
	switch (e->type) {
	case FYET_SCALAR: return scalar(r);
	case FYET_SEQUENCE_START: return open_level(r, false);
	case FYET_MAPPING_START: return open_level(r, true);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		jw_end(&r->w);
		r->depth--;
		return 0;
	case FYET_DOCUMENT_START:
		if (!e->document_start.implicit) /* libfyaml 0.8 gives a token to both */
			return fail_here(r, MST_DATA, "attributes are one mapping, without ---");
		return 0;
	default: return 0;
	}
}

int header_parse(struct pool *pool, const struct header *h, struct attrs *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct attrs got = *out;
	struct reader r = { .pool = pool, .h = h, .err = err, .out = &got };
	buf_init(&r.json, pool);
	jw_init(&r.w, &r.json);
	struct fy_diag *diag = new_diag(tmp, &r.said);
	struct fy_parse_cfg cfg = { .flags = FYPCF_DEFAULT_PARSE, .diag = diag };
	r.parser = fy_parser_create(&cfg);
	if (!r.parser)
		mst_out_of_memory();
	pool_on_free(tmp, destroy, r.parser);
	if (fy_parser_set_string(r.parser, h->yaml.p, h->yaml.n) != 0)
		return fail_yaml(&r);
	int rc = 0;
	while (rc == 0 && (r.event = fy_parser_parse(r.parser))) {
		bool end = r.event->type == FYET_STREAM_END;
		rc = take(&r);
		fy_parser_event_free(r.parser, r.event);
		if (end)
			break;
	}
	if (rc)
		return rc;
	if (fy_diag_got_error(diag))
		return fail_yaml(&r);
	if (r.json.n) {
		got.json = buf_view(&r.json);
		rc = json_scan_object(pool, got.json, &got.members, err);
		if (rc)
			return rc;
		*out = got;
	}
	return 0;
}
