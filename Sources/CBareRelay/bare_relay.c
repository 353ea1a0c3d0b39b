// The bare limit: what RabbitMQ and plain rabbitmq-c calls allow, with nothing done to the
// messages and nothing stored. meddela-bench measures against it.
#include "CBareRelay.h"
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct {
  amqp_connection_state_t connection;
  const char *error;
  double wall, cpu;
} session;

static double wall_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
         (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static int failed(session *s, const char *what) {
  if (amqp_get_rpc_reply(s->connection).reply_type == AMQP_RESPONSE_NORMAL) return 0;
  s->error = what;
  return 1;
}

static session open_session(bare_broker b) {
  session s = {amqp_new_connection(), NULL, 0, 0};
  amqp_socket_t *socket = amqp_tcp_socket_new(s.connection);
  if (!socket || amqp_socket_open(socket, b.host, b.port)) {
    s.error = "cannot connect to the broker";
    return s;
  }
  if (amqp_login(s.connection, b.vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, b.username,
                 b.password)
          .reply_type != AMQP_RESPONSE_NORMAL) {
    s.error = "cannot log in to the broker";
    return s;
  }
  amqp_channel_open(s.connection, 1);
  if (failed(&s, "cannot open a channel")) return s;
  amqp_channel_open(s.connection, 2);
  if (failed(&s, "cannot open a channel")) return s;
  amqp_confirm_select(s.connection, 2);
  failed(&s, "cannot select confirms");
  return s;
}

static void start_clock(session *s) {
  s->wall = wall_seconds();
  s->cpu = cpu_seconds();
}

static bare_result close_session(session *s, uint64_t messages) {
  bare_result r = {messages, wall_seconds() - s->wall, cpu_seconds() - s->cpu, s->error};
  if (!s->error) {
    amqp_channel_close(s->connection, 1, AMQP_REPLY_SUCCESS);
    amqp_channel_close(s->connection, 2, AMQP_REPLY_SUCCESS);
    amqp_connection_close(s->connection, AMQP_REPLY_SUCCESS);
  }
  amqp_destroy_connection(s->connection);
  return r;
}

// Confirms arrive singly, in any order, and as ranges: a byte for each tag, and the low mark.
typedef struct {
  uint8_t *seen;
  uint64_t low, high, capacity;
} confirms;

static void confirm(confirms *c, const amqp_basic_ack_t *ack) {
  if (ack->delivery_tag > c->capacity) return;
  if (ack->multiple) {
    for (uint64_t t = c->low + 1; t <= ack->delivery_tag; t++) c->seen[t] = 1;
  } else {
    c->seen[ack->delivery_tag] = 1;
  }
  if (ack->delivery_tag > c->high) c->high = ack->delivery_tag;
  while (c->low < c->high && c->seen[c->low + 1]) c->low++;
}

static amqp_basic_properties_t persistent(void) {
  amqp_basic_properties_t p;
  memset(&p, 0, sizeof p);
  p._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG |
             AMQP_BASIC_MESSAGE_ID_FLAG;
  p.delivery_mode = 2;
  p.content_type = amqp_cstring_bytes("application/json");
  return p;
}

bare_result bare_fill(bare_broker broker, const char *exchange, const char *routing_key,
                      uint64_t first, uint64_t count, const char *body, uint64_t body_bytes,
                      const char *id_format, uint64_t window) {
  session s = open_session(broker);
  char *copy = malloc(body_bytes + 1);
  confirms c = {calloc(count + 2, 1), 0, 0, count};
  char *marks[16];
  int n = 0;
  if (!copy || !c.seen) s.error = "out of memory";
  if (!s.error) {
    memcpy(copy, body, body_bytes);
    copy[body_bytes] = 0;
    for (char *at = copy; n < 16 && (at = strstr(at, "@@@@@@@@")); at += 8) marks[n++] = at;
  }
  amqp_basic_properties_t p = persistent();
  start_clock(&s);
  for (uint64_t sent = 0; !s.error && c.low < count;) {
    for (; sent < count && sent - c.low < window; sent++) {
      char id[64], digits[32];
      snprintf(digits, sizeof digits, "%08lu", (unsigned long)((first + sent) % 100000000));
      snprintf(id, sizeof id, id_format, (unsigned long)((first + sent) % 100000000));
      for (int i = 0; i < n; i++) memcpy(marks[i], digits, 8);
      p.message_id = amqp_cstring_bytes(id);
      if (amqp_basic_publish(s.connection, 2, amqp_cstring_bytes(exchange),
                             amqp_cstring_bytes(routing_key), 0, 0, &p,
                             (amqp_bytes_t){body_bytes, copy})) {
        s.error = "cannot publish";
        break;
      }
    }
    amqp_frame_t frame;
    if (s.error || amqp_simple_wait_frame(s.connection, &frame)) {
      s.error = s.error ? s.error : "the connection is lost";
    } else if (frame.frame_type == AMQP_FRAME_METHOD &&
               frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
      confirm(&c, frame.payload.method.decoded);
    }
    amqp_maybe_release_buffers(s.connection);
  }
  bare_result r = close_session(&s, count);
  free(copy);
  free(c.seen);
  return r;
}

static void consume(session *s, const char *queue, uint64_t window) {
  amqp_basic_qos(s->connection, 1, 0, (uint16_t)window, 0);
  if (failed(s, "cannot set the prefetch")) return;
  amqp_basic_consume(s->connection, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0,
                     amqp_empty_table);
  failed(s, "cannot consume");
}

bare_result bare_relay(bare_broker broker, const char *from, const char *to, uint64_t count,
                       uint64_t window, const char *extra_exchange, uint64_t extra_bytes) {
  session s = open_session(broker);
  const uint64_t per_message = extra_bytes ? 2 : 1;
  confirms c = {calloc(count * per_message + 2, 1), 0, 0, count * per_message};
  char *extra = calloc(extra_bytes + 1, 1);
  if (!c.seen || !extra) s.error = "out of memory";
  if (!s.error) consume(&s, from, window);
  amqp_basic_properties_t p = persistent();
  uint64_t got = 0, acked = 0;
  start_clock(&s);
  while (!s.error && acked < count) {
    amqp_frame_t frame;
    if (amqp_simple_wait_frame(s.connection, &frame)) {
      s.error = "the connection is lost";
      break;
    }
    if (frame.frame_type != AMQP_FRAME_METHOD) continue;
    if (frame.payload.method.id == AMQP_BASIC_DELIVER_METHOD) {
      amqp_message_t m;
      amqp_read_message(s.connection, 1, &m, 0);
      if (++got <= count) {
        p.message_id = m.properties.message_id;
        if (amqp_basic_publish(s.connection, 2, amqp_empty_bytes, amqp_cstring_bytes(to), 0, 0,
                               &p, m.body) ||
            (extra_bytes &&
             amqp_basic_publish(s.connection, 2, amqp_cstring_bytes(extra_exchange),
                                amqp_cstring_bytes("none"), 0, 0, &p,
                                (amqp_bytes_t){extra_bytes, extra})))
          s.error = "cannot publish";
      }
      amqp_destroy_message(&m);
    } else if (frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
      confirm(&c, frame.payload.method.decoded);
    }
    const uint64_t done = c.low / per_message;
    if (done - acked >= window / 8 || (done == count && done > acked)) {
      amqp_basic_ack(s.connection, 1, done, 1);
      acked = done;
    }
    amqp_maybe_release_buffers(s.connection);
  }
  bare_result r = close_session(&s, acked);
  free(c.seen);
  free(extra);
  return r;
}

bare_result bare_drain(bare_broker broker, const char *queue, uint64_t count) {
  session s = open_session(broker);
  const uint64_t window = 1000;
  if (!s.error) consume(&s, queue, window);
  uint64_t got = 0, acked = 0;
  start_clock(&s);
  while (!s.error && acked < count) {
    amqp_frame_t frame;
    if (amqp_simple_wait_frame(s.connection, &frame)) {
      s.error = "the connection is lost";
      break;
    }
    if (frame.frame_type != AMQP_FRAME_METHOD ||
        frame.payload.method.id != AMQP_BASIC_DELIVER_METHOD)
      continue;
    amqp_message_t m;
    amqp_read_message(s.connection, 1, &m, 0);
    amqp_destroy_message(&m);
    got++;
    if (got - acked >= window / 8 || got == count) {
      amqp_basic_ack(s.connection, 1, got, 1);
      acked = got;
    }
    amqp_maybe_release_buffers(s.connection);
  }
  return close_session(&s, acked);
}

bare_result bare_declare(bare_broker broker, const char *queue) {
  session s = open_session(broker);
  if (!s.error) {
    amqp_table_entry_t e = {amqp_cstring_bytes("x-queue-type"),
                            {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes("quorum")}}};
    amqp_table_t t = {1, &e};
    amqp_queue_declare(s.connection, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, t);
    failed(&s, "cannot declare the queue");
  }
  start_clock(&s);
  return close_session(&s, 0);
}
