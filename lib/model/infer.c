#include "model/infer.h"

#include <ctype.h>

#define NUMBER_MAX 1000 /* bytes; PostgreSQL takes more, people do not mean numbers then */

static size_t digits(struct str s, size_t at)
{
	size_t n = 0;
	while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
		n++;
	return n;
}

static unsigned number(struct str s)
{
	size_t i = s.p[0] == '-';
	size_t whole = digits(s, i);
	/* .5 is a number as spreadsheets and taximeters write it */
	if ((whole == 0 && (i == s.n || s.p[i] != '.')) || s.n > NUMBER_MAX || (whole > 1 && s.p[i] == '0'))
		return 0;
	i += whole;
	if (i == s.n) {
		bool small = whole < 19 || (whole == 19 && memcmp(s.p + i - 19, "9223372036854775807", 19) <= 0);
		return (small ? INFER_INT : 0) | INFER_NUMERIC | INFER_FLOAT;
	}
	if (s.p[i] == '.') {
		size_t part = digits(s, i + 1);
		if (part == 0)
			return 0;
		i += 1 + part;
		if (i == s.n)
			return INFER_NUMERIC | INFER_FLOAT;
	}
	if (s.p[i] != 'e' && s.p[i] != 'E')
		return 0;
	i++;
	if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
		i++;
	size_t exp = digits(s, i);
	/* three digits may be past what a double holds; the server would refuse the row */
	return exp >= 1 && exp <= 2 && i + exp == s.n && whole < 200 ? INFER_FLOAT : 0;
}

static int two(struct str s, size_t at)
{
	return digits(s, at) >= 2 ? (s.p[at] - '0') * 10 + s.p[at + 1] - '0' : -1;
}

static bool is_date(struct str s)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (s.n < 10 || digits(s, 0) != 4 || s.p[4] != '-' || digits(s, 5) != 2 || s.p[7] != '-' || two(s, 8) < 0)
		return false;
	int y = two(s, 0) * 100 + two(s, 2), m = two(s, 5), d = two(s, 8);
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	return y >= 1 && m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] + (m == 2 && leap);
}

static unsigned moment(struct str s)
{
	if (!is_date(s))
		return 0;
	if (s.n == 10)
		return INFER_DATE | INFER_TIMESTAMP;
	if (s.p[10] != 'T' && s.p[10] != ' ')
		return 0;
	int h = two(s, 11), min = s.n >= 16 && s.p[13] == ':' ? two(s, 14) : -1;
	if (h < 0 || h > 23 || min < 0 || min > 59)
		return 0;
	size_t i = 16;
	if (i < s.n && s.p[i] == ':') {
		if (two(s, 17) < 0 || two(s, 17) > 59)
			return 0;
		i = 19;
		if (i < s.n && s.p[i] == '.') {
			size_t part = digits(s, i + 1);
			if (part == 0 || part > 9)
				return 0;
			i += 1 + part;
		}
	}
	if (i == s.n)
		return INFER_TIMESTAMP;
	if (s.p[i] == 'Z')
		return i + 1 == s.n ? INFER_TIMESTAMPTZ : 0;
	if (s.p[i] != '+' && s.p[i] != '-')
		return 0;
	int zone = two(s, i + 1);
	if (zone < 0 || zone > 14)
		return 0;
	i += 3;
	if (i < s.n && s.p[i] == ':')
		i++;
	if (i < s.n) {
		if (two(s, i) < 0 || two(s, i) > 59)
			return 0;
		i += 2;
	}
	return i == s.n ? INFER_TIMESTAMPTZ : 0;
}

unsigned infer_value(struct str s)
{
	unsigned mask = INFER_TEXT;
	if (s.n == 0)
		return mask;
	unsigned char c = (unsigned char)s.p[0];
	if (isdigit(c) || c == '-' || c == '.') {
		mask |= number(s);
		if (mask == INFER_TEXT)
			mask |= moment(s);
	} else if ((c | 32) == 't' || (c | 32) == 'f') {
		if (str_ieq(s, STR("true")) || str_ieq(s, STR("false")))
			mask |= INFER_BOOL;
	}
	return mask;
}

const char *infer_type(unsigned mask)
{
	static const struct { unsigned bit; const char *type; } order[] = {
		{ INFER_BOOL, "boolean" },          { INFER_INT, "bigint" },       { INFER_NUMERIC, "numeric" },
		{ INFER_FLOAT, "double precision" }, { INFER_DATE, "date" },        { INFER_TIMESTAMP, "timestamp" },
		{ INFER_TIMESTAMPTZ, "timestamptz" }, { INFER_JSON, "jsonb" },
	};
	if (mask != INFER_ANY)
		for (size_t i = 0; i < sizeof order / sizeof *order; i++)
			if (mask & order[i].bit)
				return order[i].type;
	return "text";
}
