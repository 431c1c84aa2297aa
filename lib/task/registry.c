#include "task/internal.h"

const struct task_type *const task_types[] = { &task_external, &task_import, &task_materialized, &task_script,
					       &task_summary, &task_view, NULL };

const struct task_type *task_type_of(struct str kind)
{
	for (size_t i = 0; task_types[i]; i++)
		if (str_eqz(kind, task_types[i]->name))
			return task_types[i];
	return NULL;
}

const char *task_type_nearest(struct str kind)
{
	const char *names[sizeof task_types / sizeof *task_types];
	size_t n = 0;
	for (; task_types[n]; n++)
		names[n] = task_types[n]->name;
	return str_nearest(kind, names, n);
}
