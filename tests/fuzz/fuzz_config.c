/* The configuration file: any bytes are a configuration or an error with a message. */
#include "base/fs.h"
#include "cli/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int fd = -1;
	POOL_SCRATCH(pool);
	struct mst_error err = { 0 };
	struct config *cfg = NULL;
	config_names names;
	if (fd < 0) {
		char path[64];
		fd = memfd_create("config", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (fd < 0 || setenv("MST_CONFIG", path, 1))
			abort();
	}
	if (ftruncate(fd, 0) || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	if (config_load(pool, NULL, &cfg, &err)) {
		if (cfg || !err.msg[0] || (err.code != MST_USAGE && err.code != MST_DENIED))
			abort();
		return 0;
	}
	for (const struct config_key *k = config_keys; k->name; k++)
		(void)config_shown(pool, k, config_get(cfg, k->name));
	config_connections(cfg, pool, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *url;
		if (config_connection(cfg, names.v[i], &url, &err))
			abort();
		(void)config_shown(pool, NULL, url);
	}
	return 0;
}
