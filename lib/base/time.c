#include "base/time.h"

#include <stdio.h>
#include <time.h>

static int64_t clock_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

int64_t time_now_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t time_mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar and back, by
 * counting years from March, so that the leap day comes last. */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, int64_t *m, int64_t *d)
{
	z += 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = yoe + era * 400 + (*m <= 2);
}

char *time_iso(char out[TIME_ISO_MAX], int64_t us)
{
	int64_t s = us / US_PER_S, f = us % US_PER_S, y, m, d;
	if (f < 0)
		f += US_PER_S, s--;
	int64_t day = s / 86400, r = s % 86400;
	if (r < 0)
		r += 86400, day--;
	civil_from_days(day, &y, &m, &d);
	int n = snprintf(out, TIME_ISO_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", (int)y, (int)m, (int)d,
			 (int)(r / 3600), (int)(r / 60 % 60), (int)(r % 60));
	if (f) {
		n += snprintf(out + n, (size_t)(TIME_ISO_MAX - n), ".%06d", (int)f);
		while (out[n - 1] == '0')
			n--;
	}
	snprintf(out + n, (size_t)(TIME_ISO_MAX - n), "Z");
	return out;
}

static bool digits(struct str *s, size_t n, int64_t *out)
{
	int64_t v = 0;
	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	s->p += n;
	s->n -= n;
	*out = v;
	return true;
}

static bool eat(struct str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

int time_parse_iso(struct str text, int64_t *out, struct mst_error *err)
{
	static const unsigned char days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct str s = text;
	int64_t y, mo, d, h = 0, mi = 0, se = 0, us = 0, off = 0;
	bool ok = digits(&s, 4, &y) && eat(&s, '-') && digits(&s, 2, &mo) && eat(&s, '-') && digits(&s, 2, &d);
	if (ok && s.n) {
		ok = (eat(&s, 'T') || eat(&s, 't') || eat(&s, ' ')) && digits(&s, 2, &h) && eat(&s, ':') &&
		     digits(&s, 2, &mi);
		if (ok && eat(&s, ':'))
			ok = digits(&s, 2, &se);
		if (ok && eat(&s, '.')) {
			int64_t unit = US_PER_S / 10;
			size_t seen = 0;
			while (s.n && s.p[0] >= '0' && s.p[0] <= '9') {
				us += (s.p[0] - '0') * unit;
				unit /= 10;
				s.p++, s.n--, seen++;
			}
			ok = seen > 0;
		}
		if (ok && !eat(&s, 'Z') && !eat(&s, 'z') && s.n) {
			int64_t oh, om = 0, sign = s.p[0] == '-' ? -1 : 1;
			ok = (eat(&s, '+') || eat(&s, '-')) && digits(&s, 2, &oh);
			if (ok && s.n) {
				eat(&s, ':');
				ok = digits(&s, 2, &om);
			}
			if (ok)
				off = sign * (oh * 3600 + om * 60);
		}
	}
	bool leap = ok && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
	if (!ok || s.n || mo < 1 || mo > 12 || d < 1 || d > days[mo - 1] || (mo == 2 && d == 29 && !leap) ||
	    h > 24 || (h == 24 && (mi || se || us)) || mi > 59 || se > 60 || off <= -86400 || off >= 86400)
		return mst_fail(err, MST_DATA, "not a time: '%.*s'", (int)(text.n > 60 ? 60 : text.n), text.p);
	*out = (days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + se - off) * US_PER_S + us;
	return 0;
}

char *time_short(char out[TIME_SHORT_MAX], int64_t us)
{
	const char *sign = us < 0 ? "-" : "";
	uint64_t u = us < 0 ? -(uint64_t)us : (uint64_t)us, s = u / US_PER_S;
	/* each unit ends where rounding would write the next */
	if (u < 1000)
		snprintf(out, TIME_SHORT_MAX, "%s%d us", sign, (int)u);
	else if (u < 9950)
		snprintf(out, TIME_SHORT_MAX, "%s%.1f ms", sign, (double)u / 1e3);
	else if (u < 999500)
		snprintf(out, TIME_SHORT_MAX, "%s%.0f ms", sign, (double)u / 1e3);
	else if (u < 59950000)
		snprintf(out, TIME_SHORT_MAX, "%s%.1f s", sign, (double)u / 1e6);
	else if (s < 60)
		snprintf(out, TIME_SHORT_MAX, "%s1m00s", sign);
	else if (s < 3600)
		snprintf(out, TIME_SHORT_MAX, "%s%dm%02ds", sign, (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		snprintf(out, TIME_SHORT_MAX, "%s%dh%02dm", sign, (int)(s / 3600), (int)(s / 60 % 60));
	else
		snprintf(out, TIME_SHORT_MAX, "%s%llud%02dh", sign, (unsigned long long)(s / 86400), (int)(s / 3600 % 24));
	return out;
}

int time_parse_duration(struct str text, int64_t *out, struct mst_error *err)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
		{ "us", 1 }, { "ms", 1000 }, { "s", US_PER_S }, { "m", 60 * US_PER_S }, { "min", 60 * US_PER_S },
		{ "h", 3600 * US_PER_S }, { "d", 86400 * US_PER_S }, { "w", 7 * 86400 * US_PER_S },
	};
	struct str s = str_trim(text);
	int64_t total = 0;
	bool ok = s.n > 0;
	while (ok && s.n) {
		int64_t v = 0, unit = US_PER_S, part;
		size_t i = 0, u;
		while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && v < INT64_MAX / 100)
			v = v * 10 + (s.p[i++] - '0');
		ok = i > 0;
		s.p += i, s.n -= i;
		for (u = 0; u < s.n && s.p[u] >= 'a' && s.p[u] <= 'z';)
			u++;
		if (u || s.n) {
			unit = 0;
			for (size_t k = 0; k < sizeof units / sizeof *units; k++)
				if (str_eqz((struct str){ s.p, u }, units[k].name))
					unit = units[k].us;
		}
		s.p += u, s.n -= u;
		ok = ok && unit && !__builtin_mul_overflow(v, unit, &part) && !__builtin_add_overflow(total, part, &total);
	}
	if (!ok) {
		mst_fail(err, MST_DATA, "not a duration: '%.*s'", (int)(text.n > 60 ? 60 : text.n), text.p);
		return mst_hint(err, "write it as 500ms, 10s, 5m, 1h30m, 2d or 1w");
	}
	*out = total;
	return 0;
}
