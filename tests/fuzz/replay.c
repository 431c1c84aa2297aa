/* Feeds a fuzz target its corpus without a fuzzing engine: every input as it is,
 * cut short at several places, and with bytes changed (a fixed sequence), so
 * that any compiler and any sanitizer can replay what the fuzzer once found.
 * Prints TAP: one test for the corpus, one for its variations. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20, VARIATIONS = 24 };

static uint8_t input[INPUT_MAX], scratch[INPUT_MAX];
static uint64_t seed = 0x9e3779b97f4a7c15u;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators" (2016) */
static uint64_t next(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1du;
}

static void vary(size_t n)
{
	static const uint8_t odd[] = {0, '\n', '\r', '"', '\'', '`', '(', ')', '{', '}', '\\', '-', 0x80, 0xff};

	for (int i = 0; i < VARIATIONS && n; i++) {
		size_t cut = i % 3 ? n : (size_t)(next() % n);

		memcpy(scratch, input, cut);
		for (uint64_t k = next() % 4; i % 3 && k; k--)
			scratch[next() % n] = next() % 2 ? odd[next() % sizeof odd] : (uint8_t)next();
		LLVMFuzzerTestOneInput(scratch, cut);
	}
}

static int visit(const char *dir, int varied)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort), inputs = 0;

	for (int i = 0; i < n; i++) {
		char path[4096];
		struct stat st;
		size_t size;
		FILE *f;

		snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
		free(list[i]);
		if (stat(path, &st) || !S_ISREG(st.st_mode) || !(f = fopen(path, "rb")))
			continue;
		size = fread(input, 1, sizeof input, f);
		fclose(f);
		/* a crash leaves the name of its input as the last thing said */
		fprintf(stderr, "%s\n", path);
		if (varied)
			vary(size);
		else
			LLVMFuzzerTestOneInput(input, size);
		inputs++;
	}
	if (n >= 0)
		free(list);
	return inputs;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	char dir[4096];
	int n;

	name = name ? name + 1 : argv[0];
	if (!strncmp(name, "fuzz_", 5))
		name += 5;
	snprintf(dir, sizeof dir, "tests/fuzz/corpus/%s", name);
	if (argc > 1)
		snprintf(dir, sizeof dir, "%s", argv[1]);
	puts("1..2");
	fflush(stdout);
	n = visit(dir, 0);
	printf("%s 1 - %s reads the %d inputs of its corpus\n", n ? "ok" : "not ok", name, n);
	fflush(stdout);
	visit(dir, 1);
	printf("%s 2 - %s reads them cut and changed\n", n ? "ok" : "not ok", name);
	return !n;
}
