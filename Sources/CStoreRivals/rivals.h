#ifndef RIVALS_H
#define RIVALS_H

#include "CStoreRivals.h"

struct rivals_store {
  int (*put)(rivals_store *, const uint8_t *, size_t, const uint8_t *, size_t, size_t, char *,
             size_t);
  long (*get)(rivals_store *, const uint8_t *, size_t, uint8_t *, size_t);
  void (*close)(rivals_store *);
};

rivals_store *rivals_open_sqlite(const char *directory, char *error, size_t error_bytes);
rivals_store *rivals_open_lmdb(const char *directory, char *error, size_t error_bytes);
rivals_store *rivals_open_rocksdb(const char *directory, char *error, size_t error_bytes);

struct rivals_symbol {
  const char *name;
  void **function;
};

/// Loads a library and the functions of a table that ends with a NULL name. 0, or -1 with a
/// sentence in `error`.
int rivals_load(const char *library, const char *package, const struct rivals_symbol *symbols,
                char *error, size_t error_bytes);

#endif
