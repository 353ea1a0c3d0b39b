// Declarations from http://www.lmdb.tech/doc/group__mdb.html.
#include "rivals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value {
  size_t size;
  void *data;
};

static int (*create_)(void **);
static int (*set_mapsize_)(void *, size_t);
static int (*open_)(void *, const char *, unsigned int, unsigned int);
static void (*close_)(void *);
static int (*begin_)(void *, void *, unsigned int, void **);
static int (*commit_)(void *);
static void (*abort_)(void *);
static int (*dbi_open_)(void *, const char *, unsigned int, unsigned int *);
static int (*put_)(void *, unsigned int, struct value *, struct value *, unsigned int);
static int (*get_)(void *, unsigned int, struct value *, struct value *);
static char *(*message_)(int);

static const struct rivals_symbol symbols[] = {
    {"mdb_env_create", (void **)&create_},
    {"mdb_env_set_mapsize", (void **)&set_mapsize_},
    {"mdb_env_open", (void **)&open_},
    {"mdb_env_close", (void **)&close_},
    {"mdb_txn_begin", (void **)&begin_},
    {"mdb_txn_commit", (void **)&commit_},
    {"mdb_txn_abort", (void **)&abort_},
    {"mdb_dbi_open", (void **)&dbi_open_},
    {"mdb_put", (void **)&put_},
    {"mdb_get", (void **)&get_},
    {"mdb_strerror", (void **)&message_},
    {NULL, NULL},
};

enum { MDB_RDONLY = 0x20000 };
static const size_t map_bytes = (size_t)64 << 30;

struct lmdb_store {
  rivals_store base;
  void *environment;
  unsigned int database;
};

static int failed(int code, char *error, size_t error_bytes) {
  snprintf(error, error_bytes, "LMDB: %s", message_(code));
  return -1;
}

static int put(rivals_store *base, const uint8_t *keys, size_t key_bytes, const uint8_t *values,
               size_t value_bytes, size_t count, char *error, size_t error_bytes) {
  struct lmdb_store *store = (struct lmdb_store *)base;
  void *transaction = NULL;
  int code = begin_(store->environment, NULL, 0, &transaction);
  if (code != 0) return failed(code, error, error_bytes);
  for (size_t i = 0; i < count; i++) {
    struct value key = {key_bytes, (void *)(keys + i * key_bytes)};
    struct value value = {value_bytes, (void *)(values + i * value_bytes)};
    code = put_(transaction, store->database, &key, &value, 0);
    if (code != 0) {
      abort_(transaction);
      return failed(code, error, error_bytes);
    }
  }
  code = commit_(transaction);
  return code == 0 ? 0 : failed(code, error, error_bytes);
}

static long get(rivals_store *base, const uint8_t *key, size_t key_bytes, uint8_t *value,
                size_t capacity) {
  struct lmdb_store *store = (struct lmdb_store *)base;
  void *transaction = NULL;
  if (begin_(store->environment, NULL, MDB_RDONLY, &transaction) != 0) return -1;
  struct value wanted = {key_bytes, (void *)key};
  struct value found = {0, NULL};
  long bytes = -1;
  if (get_(transaction, store->database, &wanted, &found) == 0) {
    bytes = (long)(found.size < capacity ? found.size : capacity);
    memcpy(value, found.data, (size_t)bytes);
  }
  abort_(transaction);
  return bytes;
}

static void close_store(rivals_store *base) {
  struct lmdb_store *store = (struct lmdb_store *)base;
  close_(store->environment);
  free(store);
}

rivals_store *rivals_open_lmdb(const char *directory, char *error, size_t error_bytes) {
  if (rivals_load("liblmdb.so.0", "liblmdb0", symbols, error, error_bytes) != 0) return NULL;
  struct lmdb_store *store = calloc(1, sizeof *store);
  store->base = (rivals_store){put, get, close_store};
  void *transaction = NULL;
  int code = create_(&store->environment);
  if (code == 0) code = set_mapsize_(store->environment, map_bytes);
  if (code == 0) code = open_(store->environment, directory, 0, 0640);
  if (code == 0) code = begin_(store->environment, NULL, 0, &transaction);
  if (code == 0) code = dbi_open_(transaction, NULL, 0, &store->database);
  if (code == 0) code = commit_(transaction);
  if (code == 0) return &store->base;
  failed(code, error, error_bytes);
  free(store);
  return NULL;
}
