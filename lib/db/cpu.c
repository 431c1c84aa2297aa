#include "db/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool read_proc(int pid, const char *what, char text[256])
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, 255);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

int64_t db_server_cpu_us(const struct db *db)
{
	const char *host = db->c ? PQhost(db->c) : NULL;
	char text[256], *end;
	if (!host || host[0] != '/' || PQstatus(db->c) != CONNECTION_OK)
		return -1;
	int pid = PQbackendPID(db->c);
	/* the socket may lead into a container, whose numbers are others than ours */
	if (!read_proc(pid, "comm", text) || strcmp(text, "postgres\n") != 0)
		return -1;
	/* nanoseconds on a processor (proc_pid_schedstat in the kernel's Documentation/scheduler/sched-stats) */
	if (!read_proc(pid, "schedstat", text))
		return -1;
	unsigned long long ns = strtoull(text, &end, 10);
	return end > text ? (int64_t)(ns / 1000) : -1;
}
