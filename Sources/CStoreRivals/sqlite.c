// Declarations from https://www.sqlite.org/c3ref/funclist.html; constants from sqlite3.h.
#include "rivals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SQLITE_OK = 0, SQLITE_ROW = 100, SQLITE_DONE = 101 };

static int (*open_)(const char *, void **);
static int (*close_)(void *);
static int (*exec_)(void *, const char *, void *, void *, char **);
static int (*prepare_)(void *, const char *, int, void **, const char **);
static int (*bind_)(void *, int, const void *, int, void (*)(void *));
static int (*step_)(void *);
static int (*reset_)(void *);
static int (*finalize_)(void *);
static const void *(*column_)(void *, int);
static int (*column_bytes_)(void *, int);
static const char *(*message_)(void *);

static const struct rivals_symbol symbols[] = {
    {"sqlite3_open", (void **)&open_},
    {"sqlite3_close", (void **)&close_},
    {"sqlite3_exec", (void **)&exec_},
    {"sqlite3_prepare_v2", (void **)&prepare_},
    {"sqlite3_bind_blob", (void **)&bind_},
    {"sqlite3_step", (void **)&step_},
    {"sqlite3_reset", (void **)&reset_},
    {"sqlite3_finalize", (void **)&finalize_},
    {"sqlite3_column_blob", (void **)&column_},
    {"sqlite3_column_bytes", (void **)&column_bytes_},
    {"sqlite3_errmsg", (void **)&message_},
    {NULL, NULL},
};

struct sqlite_store {
  rivals_store base;
  void *database;
  void *insert;
  void *select;
};

static int failed(struct sqlite_store *store, char *error, size_t error_bytes) {
  snprintf(error, error_bytes, "SQLite: %s", message_(store->database));
  return -1;
}

static int put(rivals_store *base, const uint8_t *keys, size_t key_bytes, const uint8_t *values,
               size_t value_bytes, size_t count, char *error, size_t error_bytes) {
  struct sqlite_store *store = (struct sqlite_store *)base;
  if (exec_(store->database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
    return failed(store, error, error_bytes);
  for (size_t i = 0; i < count; i++) {
    bind_(store->insert, 1, keys + i * key_bytes, (int)key_bytes, NULL);
    bind_(store->insert, 2, values + i * value_bytes, (int)value_bytes, NULL);
    if (step_(store->insert) != SQLITE_DONE) return failed(store, error, error_bytes);
    reset_(store->insert);
  }
  if (exec_(store->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
    return failed(store, error, error_bytes);
  return 0;
}

static long get(rivals_store *base, const uint8_t *key, size_t key_bytes, uint8_t *value,
                size_t capacity) {
  struct sqlite_store *store = (struct sqlite_store *)base;
  long bytes = -1;
  bind_(store->select, 1, key, (int)key_bytes, NULL);
  if (step_(store->select) == SQLITE_ROW) {
    const void *found = column_(store->select, 0);
    bytes = column_bytes_(store->select, 0);
    if ((size_t)bytes > capacity) bytes = (long)capacity;
    memcpy(value, found, (size_t)bytes);
  }
  reset_(store->select);
  return bytes;
}

static void close_store(rivals_store *base) {
  struct sqlite_store *store = (struct sqlite_store *)base;
  finalize_(store->insert);
  finalize_(store->select);
  close_(store->database);
  free(store);
}

rivals_store *rivals_open_sqlite(const char *directory, char *error, size_t error_bytes) {
  if (rivals_load("libsqlite3.so.0", "libsqlite3-0", symbols, error, error_bytes) != 0)
    return NULL;
  struct sqlite_store *store = calloc(1, sizeof *store);
  store->base = (rivals_store){put, get, close_store};
  char path[4096];
  snprintf(path, sizeof path, "%s/store.db", directory);
  // The write-ahead log is merged every 64 MiB instead of every 4: that favours SQLite.
  if (open_(path, &store->database) != SQLITE_OK ||
      exec_(store->database,
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=16384;"
            "PRAGMA cache_size=-262144; PRAGMA locking_mode=EXCLUSIVE;"
            "CREATE TABLE IF NOT EXISTS r(k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID",
            NULL, NULL, NULL) != SQLITE_OK ||
      prepare_(store->database, "INSERT INTO r VALUES(?,?)", -1, &store->insert, NULL) !=
          SQLITE_OK ||
      prepare_(store->database, "SELECT v FROM r WHERE k=?", -1, &store->select, NULL) !=
          SQLITE_OK) {
    failed(store, error, error_bytes);
    close_(store->database);
    free(store);
    return NULL;
  }
  return &store->base;
}
