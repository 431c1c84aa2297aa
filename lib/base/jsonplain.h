/* What the reader and the writer of JSON strings share. */
#ifndef MST_BASE_JSONPLAIN_H
#define MST_BASE_JSONPLAIN_H

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* First byte at or behind p that is a quote, a backslash, a control character or
 * not ASCII. */
static inline const char *json_plain_end(const char *p, const char *end)
{
#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), low = _mm_set1_epi8(0x20);
	while (end - p >= 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* signed: bytes of 0x80 and more are below 0x20 too */
		__m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)),
					   _mm_cmplt_epi8(x, low));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);
		if (mask)
			return p + __builtin_ctz(mask);
		p += 16;
	}
#endif
	while (p < end && *p != '"' && *p != '\\' && (signed char)*p >= 0x20)
		p++;
	return p;
}

#endif
