/* The flag that ends what takes long: set by a signal handler or by another thread, read
 * wherever something waits.  Not 0: stop.  Lock-free, so that both may touch it. */
#ifndef MST_BASE_STOP_H
#define MST_BASE_STOP_H

#include <stdatomic.h>

typedef atomic_int stop_flag;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may set it");

#endif
