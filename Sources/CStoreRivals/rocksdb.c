// Declarations from https://github.com/facebook/rocksdb/blob/main/include/rocksdb/c.h.
#include "rivals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *(*options_create_)(void);
static void (*set_create_)(void *, unsigned char);
static void (*set_compression_)(void *, int);
static void (*set_parallelism_)(void *, int);
static void *(*open_)(const void *, const char *, char **);
static void (*close_)(void *);
static void *(*write_options_create_)(void);
static void (*set_sync_)(void *, unsigned char);
static void *(*read_options_create_)(void);
static void *(*batch_create_)(void);
static void (*batch_clear_)(void *);
static void (*batch_put_)(void *, const char *, size_t, const char *, size_t);
static void (*write_)(void *, const void *, void *, char **);
static char *(*get_)(void *, const void *, const char *, size_t, size_t *, char **);
static void (*free_)(void *);

static const struct rivals_symbol symbols[] = {
    {"rocksdb_options_create", (void **)&options_create_},
    {"rocksdb_options_set_create_if_missing", (void **)&set_create_},
    {"rocksdb_options_set_compression", (void **)&set_compression_},
    {"rocksdb_options_increase_parallelism", (void **)&set_parallelism_},
    {"rocksdb_open", (void **)&open_},
    {"rocksdb_close", (void **)&close_},
    {"rocksdb_writeoptions_create", (void **)&write_options_create_},
    {"rocksdb_writeoptions_set_sync", (void **)&set_sync_},
    {"rocksdb_readoptions_create", (void **)&read_options_create_},
    {"rocksdb_writebatch_create", (void **)&batch_create_},
    {"rocksdb_writebatch_clear", (void **)&batch_clear_},
    {"rocksdb_writebatch_put", (void **)&batch_put_},
    {"rocksdb_write", (void **)&write_},
    {"rocksdb_get", (void **)&get_},
    {"rocksdb_free", (void **)&free_},
    {NULL, NULL},
};

struct rocksdb_store {
  rivals_store base;
  void *database;
  void *write_options;
  void *read_options;
  void *batch;
};

static int failed(char *message, char *error, size_t error_bytes) {
  snprintf(error, error_bytes, "RocksDB: %s", message);
  free_(message);
  return -1;
}

static int put(rivals_store *base, const uint8_t *keys, size_t key_bytes, const uint8_t *values,
               size_t value_bytes, size_t count, char *error, size_t error_bytes) {
  struct rocksdb_store *store = (struct rocksdb_store *)base;
  batch_clear_(store->batch);
  for (size_t i = 0; i < count; i++)
    batch_put_(store->batch, (const char *)keys + i * key_bytes, key_bytes,
               (const char *)values + i * value_bytes, value_bytes);
  char *message = NULL;
  write_(store->database, store->write_options, store->batch, &message);
  return message == NULL ? 0 : failed(message, error, error_bytes);
}

static long get(rivals_store *base, const uint8_t *key, size_t key_bytes, uint8_t *value,
                size_t capacity) {
  struct rocksdb_store *store = (struct rocksdb_store *)base;
  char *message = NULL;
  size_t bytes = 0;
  char *found =
      get_(store->database, store->read_options, (const char *)key, key_bytes, &bytes, &message);
  if (message != NULL) free_(message);
  if (found == NULL) return -1;
  if (bytes > capacity) bytes = capacity;
  memcpy(value, found, bytes);
  free_(found);
  return (long)bytes;
}

static void close_store(rivals_store *base) {
  struct rocksdb_store *store = (struct rocksdb_store *)base;
  close_(store->database);
  free(store);
}

rivals_store *rivals_open_rocksdb(const char *directory, char *error, size_t error_bytes) {
  if (rivals_load("librocksdb.so.7.8", "librocksdb7.8", symbols, error, error_bytes) != 0)
    return NULL;
  struct rocksdb_store *store = calloc(1, sizeof *store);
  store->base = (rivals_store){put, get, close_store};
  void *options = options_create_();
  set_create_(options, 1);
  set_compression_(options, 0);
  set_parallelism_(options, 2);
  store->write_options = write_options_create_();
  set_sync_(store->write_options, 1);
  store->read_options = read_options_create_();
  store->batch = batch_create_();
  char *message = NULL;
  store->database = open_(options, directory, &message);
  if (message == NULL) return &store->base;
  failed(message, error, error_bytes);
  free(store);
  return NULL;
}
