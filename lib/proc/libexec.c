#include "proc/libexec.h"

#include "base/fs.h"

#include <stdlib.h>
#include <unistd.h>

int libexec_path(struct pool *pool, const char *name, const char **out, struct mst_error *err)
{
	char self[4096];
	const char *dir = getenv("MST_LIBEXEC");
	if (!dir || !*dir) {
		ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
		if (n <= 0)
			return mst_fail_errno(err, MST_IO, "/proc/self/exe: cannot read");
		self[n] = 0;
		dir = fs_absolute(pool, pool_printf(pool, "%s/../../libexec/mst", self));
	}
	const char *child = fs_join(pool, dir, name);
	if (access(child, X_OK) != 0) {
		mst_fail(err, MST_NOT_FOUND, "%s: not there, or not executable", child);
		return mst_hint(err, "MST_LIBEXEC names its folder");
	}
	*out = child;
	return 0;
}
