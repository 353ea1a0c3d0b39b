// What Swift's Glibc module cannot say: macros it does not import, variadic calls, and constants
// hidden behind _GNU_SOURCE. Every function returns 0 (or its value) on success and the negated
// errno on failure, so that errno never has to survive a return into Swift.
#ifndef CSYSTEM_H
#define CSYSTEM_H

#include <stdint.h>
#include <stddef.h>

enum csystem_open {
  CSYSTEM_READ = 0,
  CSYSTEM_WRITE = 1,       // read and write
  CSYSTEM_CREATE = 2,      // create if absent
  CSYSTEM_EXCLUSIVE = 4,   // fail if present
  CSYSTEM_TRUNCATE = 8,
  CSYSTEM_DIRECT = 16,     // around the page cache
  CSYSTEM_DIRECTORY = 32,
};

/// open(2) with O_CLOEXEC, mode 0640. The descriptor, or a negated errno.
int csystem_open(const char *path, int flags);

/// Takes an open-file-description write lock on the whole file: 0, or -EAGAIN when another holds
/// it. The lock belongs to the descriptor: it ends with the process, however that ends.
int csystem_lock(int descriptor);

/// 1 when another open file description holds the write lock, 0 when none does.
int csystem_is_locked(int descriptor);

/// 1 when the path leads to the file that is open, 0 when to another or to none. A server of a
/// network file system is asked anew (AT_STATX_FORCE_SYNC).
int csystem_is_named(const char *path, int descriptor);

/// Opens a directory and takes flock(2) on it for its only holder. The descriptor, -EWOULDBLOCK
/// when another holds it, or another negated errno: not every file system can.
int csystem_hold_directory(const char *path);

/// Renames, but never over a file: -EEXIST then. Where neither the flag nor hard links are known,
/// it is looked before, which another may overtake.
int csystem_rename_new(const char *from, const char *to);

/// fallocate(2) of [0, bytes): reserves space, extends the file.
int csystem_allocate(int descriptor, int64_t bytes);

/* Lets an empty file be overwritten in place on a file system that otherwise writes each block
   anew (btrfs). An error where there is nothing of the kind. */
int csystem_overwrite_in_place(int descriptor);

/// Gives the blocks of a range back; the file keeps its size and reads zeros there.
int csystem_punch_hole(int descriptor, int64_t offset, int64_t bytes);

int csystem_sync_data(int descriptor);
int csystem_sync_all(int descriptor);

/// Asks the kernel to forget the file's cached pages (POSIX_FADV_DONTNEED).
int csystem_drop_cache(int descriptor);

/// Announces a sequential read of the whole file.
int csystem_will_read(int descriptor);

/// Zeroed private memory that is read at random, on big pages where the kernel has them; to be given
/// back with its size. NULL when there is none.
void *csystem_map_big(size_t bytes);
void csystem_unmap(void *start, size_t bytes);

/// Address space without memory, more than a page, to be given back with `csystem_unmap`; NULL when
/// there is none.
void *csystem_reserve(size_t bytes);

/// Whole pages of reserved address space may be used from here on, and are zeros. 0, or -ENOMEM.
int csystem_make_writable(void *start, size_t bytes);

/// Gets the memory of whole pages at once instead of page by page.
void csystem_populate(void *start, size_t bytes);

/// Gives the memory of whole pages back; they are zeros again.
void csystem_forget(void *start, size_t bytes);

/// getrandom(2), complete or a negated errno.
int csystem_random(void *bytes, size_t count);

/// Names the calling thread, as `top -H` shows it; at most 15 bytes.
void csystem_name_thread(const char *name);

/// Lets the calling thread stand back behind all others (nice 5): for background work.
void csystem_stand_back(void);

/// Asks the processor to fetch a cache line that will be written soon.
static inline void csystem_prefetch(const void *address) { __builtin_prefetch(address, 1, 3); }

#endif
