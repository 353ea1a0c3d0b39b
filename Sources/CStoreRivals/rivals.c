#include "rivals.h"

#include <dlfcn.h>
#include <stdio.h>

int rivals_load(const char *library, const char *package, const struct rivals_symbol *symbols,
                char *error, size_t error_bytes) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    snprintf(error, error_bytes, "%s is not here (Debian's package %s)", library, package);
    return -1;
  }
  for (; symbols->name != NULL; symbols++) {
    *symbols->function = dlsym(handle, symbols->name);
    if (*symbols->function == NULL) {
      snprintf(error, error_bytes, "%s has no function %s", library, symbols->name);
      return -1;
    }
  }
  return 0;
}

rivals_store *rivals_open(enum rivals_kind kind, const char *directory, char *error,
                          size_t error_bytes) {
  switch (kind) {
    case RIVALS_SQLITE: return rivals_open_sqlite(directory, error, error_bytes);
    case RIVALS_LMDB: return rivals_open_lmdb(directory, error, error_bytes);
    case RIVALS_ROCKSDB: return rivals_open_rocksdb(directory, error, error_bytes);
  }
  snprintf(error, error_bytes, "there is no such store");
  return NULL;
}

int rivals_put(rivals_store *store, const uint8_t *keys, size_t key_bytes, const uint8_t *values,
               size_t value_bytes, size_t count, char *error, size_t error_bytes) {
  return store->put(store, keys, key_bytes, values, value_bytes, count, error, error_bytes);
}

long rivals_get(rivals_store *store, const uint8_t *key, size_t key_bytes, uint8_t *value,
                size_t capacity) {
  return store->get(store, key, key_bytes, value, capacity);
}

void rivals_close(rivals_store *store) { store->close(store); }
