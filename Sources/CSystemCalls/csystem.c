#define _GNU_SOURCE
#include "CSystemCalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int result(int value) { return value < 0 ? -errno : value; }

int csystem_open(const char *path, int flags) {
  int native = O_CLOEXEC | (flags & CSYSTEM_WRITE ? O_RDWR : O_RDONLY);
  if (flags & CSYSTEM_CREATE) native |= O_CREAT;
  if (flags & CSYSTEM_EXCLUSIVE) native |= O_EXCL;
  if (flags & CSYSTEM_TRUNCATE) native |= O_TRUNC;
  if (flags & CSYSTEM_DIRECT) native |= O_DIRECT;
  if (flags & CSYSTEM_DIRECTORY) native |= O_DIRECTORY;
  int descriptor;
  do descriptor = open(path, native, 0640);
  while (descriptor < 0 && errno == EINTR);
  return result(descriptor);
}

int csystem_lock(int descriptor) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return result(fcntl(descriptor, F_OFD_SETLK, &lock));
}

int csystem_is_locked(int descriptor) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(descriptor, F_OFD_GETLK, &lock) < 0) return -errno;
  return lock.l_type != F_UNLCK;
}

int csystem_is_named(const char *path, int descriptor) {
  struct statx named, opened;
  unsigned wanted = STATX_INO | STATX_NLINK;
  if (statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC, wanted, &named) < 0)
    return errno == ENOENT ? 0 : -errno;
  if (statx(descriptor, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, wanted, &opened) < 0)
    return -errno;
  // A file without a name may stay known by the one that it had.
  return named.stx_ino == opened.stx_ino && named.stx_dev_major == opened.stx_dev_major &&
         named.stx_dev_minor == opened.stx_dev_minor && named.stx_nlink > 0;
}

int csystem_hold_directory(const char *path) {
  int descriptor = csystem_open(path, CSYSTEM_DIRECTORY);
  if (descriptor < 0) return descriptor;
  int answer;
  do answer = flock(descriptor, LOCK_EX | LOCK_NB);
  while (answer < 0 && errno == EINTR);
  if (answer == 0) return descriptor;
  int number = errno;
  close(descriptor);
  return -number;
}

int csystem_rename_new(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -errno;
  // A file system that does not know the flag: a second name is never given over a file either.
  if (link(from, to) == 0) return result(unlink(from));
  if (errno != EPERM && errno != EOPNOTSUPP) return -errno;
  if (access(to, F_OK) == 0) return -EEXIST;
  return result(rename(from, to));
}

int csystem_allocate(int descriptor, int64_t bytes) {
  int answer;
  do answer = fallocate(descriptor, 0, 0, bytes);
  while (answer < 0 && errno == EINTR);
  return result(answer);
}

int csystem_overwrite_in_place(int descriptor) {
  int flags = 0;
  if (ioctl(descriptor, FS_IOC_GETFLAGS, &flags) < 0) return -errno;
  flags |= FS_NOCOW_FL;
  return result(ioctl(descriptor, FS_IOC_SETFLAGS, &flags));
}

int csystem_punch_hole(int descriptor, int64_t offset, int64_t bytes) {
  return result(
      fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes));
}

int csystem_sync_data(int descriptor) { return result(fdatasync(descriptor)); }

int csystem_sync_all(int descriptor) { return result(fsync(descriptor)); }

int csystem_drop_cache(int descriptor) {
  return -posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
}

int csystem_will_read(int descriptor) {
  return -posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
}

// What fits a page comes from the heap: mapping costs more than using it.
enum { SMALL = 4096 };

void *csystem_reserve(size_t bytes) {
  void *start =
      mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

int csystem_make_writable(void *start, size_t bytes) {
  return mprotect(start, bytes, PROT_READ | PROT_WRITE) < 0 ? -errno : 0;
}

void csystem_populate(void *start, size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  // Where the kernel does not know it, the pages come as they are touched.
  madvise(start, bytes, MADV_POPULATE_WRITE);
#else
  (void)start, (void)bytes;
#endif
}

void csystem_forget(void *start, size_t bytes) { madvise(start, bytes, MADV_DONTNEED); }

void *csystem_map_big(size_t bytes) {
  // Whole cache lines.
  if (bytes <= SMALL) {
    void *block = aligned_alloc(64, (bytes + 63) / 64 * 64);
    return block == NULL ? NULL : memset(block, 0, bytes);
  }
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return NULL;
  if (bytes >= 4 << 20) madvise(start, bytes, MADV_HUGEPAGE);
  return start;
}

void csystem_unmap(void *start, size_t bytes) {
  if (bytes <= SMALL) {
    free(start);
  } else {
    munmap(start, bytes);
  }
}

int csystem_random(void *bytes, size_t count) {
  unsigned char *at = bytes;
  while (count > 0) {
    ssize_t got = getrandom(at, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    at += got;
    count -= (size_t)got;
  }
  return 0;
}

void csystem_stand_back(void) {
  // On Linux this is the calling thread's own; without permission it stays as it is.
  setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 5);
}

void csystem_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
