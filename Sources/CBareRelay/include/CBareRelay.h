#ifndef CBARERELAY_H
#define CBARERELAY_H
#include <stdint.h>

/// Where the broker is. Strings are borrowed for the call.
typedef struct {
  const char *host;
  int port;
  const char *vhost;
  const char *username;
  const char *password;
} bare_broker;

/// What a run did.
typedef struct {
  uint64_t messages;
  double seconds;
  double cpu_seconds;
  /// NULL, or what went wrong: a literal.
  const char *error;
} bare_result;

/// Publishes `count` persistent messages, confirmed, `window` unconfirmed at a time. Each
/// "@@@@@@@@" in the body becomes the message's number from `first` on, in eight digits;
/// the message id is `id_format` with that number (a printf format with one %08lu).
bare_result bare_fill(bare_broker broker, const char *exchange, const char *routing_key,
                      uint64_t first, uint64_t count, const char *body, uint64_t body_bytes,
                      const char *id_format, uint64_t window);

/// Moves `count` messages from one queue to another: consume, publish, await the confirm, ack.
/// With `extra_bytes` it also publishes one unrouted, confirmed message of so many bytes to
/// `extra_exchange` for each, and acknowledges when both are confirmed.
bare_result bare_relay(bare_broker broker, const char *from, const char *to, uint64_t count,
                       uint64_t window, const char *extra_exchange, uint64_t extra_bytes);

/// Consumes and acknowledges `count` messages.
bare_result bare_drain(bare_broker broker, const char *queue, uint64_t count);

/// Declares a durable quorum queue.
bare_result bare_declare(bare_broker broker, const char *queue);

/// User and system time of a running process so far, all threads: what utime + stime of
/// /proc/PID/stat say, in nanoseconds instead of ticks. Negative when there is no such process.
double bare_cpu_seconds(int pid);

/// wait4: the process id, 0 when it still runs (with WNOHANG), or negative. `cpu_seconds` is what
/// the process used in all.
int bare_wait(int pid, int options, int *status, double *cpu_seconds);

/// Bytes of the blocks that a file or folder has itself; negative when there is none.
int64_t bare_allocated(const char *path, int *is_folder);

/// The same of an open file that has no name any more; 0 of any other.
int64_t bare_removed(int descriptor);

/// Unix time.
int64_t bare_wall_nanoseconds(void);

/// Sleeps for so long, or not at all when it is not above 0.
void bare_sleep(double seconds);

#endif
