// What the kernel says of a child process: structures that several of Swift's C modules claim.
#include "CBareRelay.h"
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

double bare_cpu_seconds(int pid) {
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) return -1;
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int bare_wait(int pid, int options, int *status, double *cpu_seconds) {
  struct rusage r;
  int got;
  do got = wait4(pid, status, options, &r);
  while (got < 0 && errno == EINTR);
  if (got > 0)
    *cpu_seconds = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
                   (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
  return got;
}
