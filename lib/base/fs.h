/* Files.  Errors carry the path in their message; codes as mst_fail_errno. */
#ifndef MST_BASE_FS_H
#define MST_BASE_FS_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

#include <stdbool.h>
#include <sys/types.h>

/* The whole file.  A file of more than `max` bytes (0: no limit) is MST_LIMIT.
 * The bytes are followed by a NUL that does not count. */
int fs_read_file(struct pool *, const char *path, size_t max, struct str *out, struct mst_error *);
/* Everything up to end of file; `name` is for messages. */
int fs_read_fd(struct pool *, int fd, const char *name, size_t max, struct str *out, struct mst_error *);
/* Writes beside the file, syncs and renames: the old or the new, never half. */
int fs_write_file(const char *path, struct str data, mode_t mode, struct mst_error *);
/* All bytes, through short writes and EINTR. */
int fs_write_all(int fd, const void *p, size_t n, const char *name, struct mst_error *);
/* mkdir -p; an existing folder is fine. */
int fs_mkdirs(const char *path, mode_t mode, struct mst_error *);

struct fs_entry {
	const char *name;
	bool is_dir; /* through symbolic links */
};
typedef VEC(struct fs_entry) fs_entries;
/* The folder's entries without "." and "..", in byte order of the paths below
 * it: a folder sorts as if its name ended in "/". */
int fs_list(struct pool *, const char *path, fs_entries *out, struct mst_error *);

bool fs_exists(const char *path);
bool fs_is_dir(const char *path);
/* "a" + "b" -> "a/b"; an absolute b stands alone. */
char *fs_join(struct pool *, const char *a, const char *b);
/* Absolute path without "." and double "/", links as they are; the file need
 * not exist.  ".." is taken back by name. */
char *fs_absolute(struct pool *, const char *path);
/* $HOME, or the password database; NULL where there is neither. */
char *fs_home(struct pool *);

#endif
