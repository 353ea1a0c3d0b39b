// What the kernel says of files: structures that several of Swift's C modules claim.
#define _GNU_SOURCE
#include "CBareRelay.h"
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

int64_t bare_allocated(const char *path, int *is_folder) {
  struct stat s;
  if (lstat(path, &s) < 0) return -1;
  *is_folder = S_ISDIR(s.st_mode);
  return (int64_t)s.st_blocks * 512;
}

int64_t bare_removed(int descriptor) {
  struct stat s;
  if (fstat(descriptor, &s) < 0 || s.st_nlink > 0 || !S_ISREG(s.st_mode)) return 0;
  return (int64_t)s.st_blocks * 512;
}

int64_t bare_wall_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void bare_sleep(double seconds) {
  if (seconds <= 0) return;
  struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&t, &t) < 0 && errno == EINTR) {}
}
