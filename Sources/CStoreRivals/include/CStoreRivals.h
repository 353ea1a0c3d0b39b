// SQLite, LMDB and RocksDB behind one small interface, for meddela-bench. The libraries are loaded
// at run time from Debian's runtime packages (libsqlite3-0, liblmdb0, librocksdb7.8), so that
// nothing of ours is built against them; the few functions used are declared in the C files.
//
// Each is a map from a key to a value; `rivals_put` is one transaction that is synced to the disk
// when it returns.
#ifndef CSTORERIVALS_H
#define CSTORERIVALS_H

#include <stddef.h>
#include <stdint.h>

enum rivals_kind {
  RIVALS_SQLITE = 0,   // WAL, synchronous=FULL, WITHOUT ROWID
  RIVALS_LMDB = 1,     // default flags: every commit is synced
  RIVALS_ROCKSDB = 2,  // WriteBatch with sync, no compression
};

typedef struct rivals_store rivals_store;

/// Opens or makes a store in an existing directory. NULL with a sentence in `error` when the
/// library is absent or refuses.
rivals_store *rivals_open(enum rivals_kind kind, const char *directory, char *error,
                          size_t error_bytes);

/// Puts `count` pairs, keys and values each in a row and of one length, as one synced transaction.
/// 0, or not 0 with a sentence in `error`.
int rivals_put(rivals_store *store, const uint8_t *keys, size_t key_bytes, const uint8_t *values,
               size_t value_bytes, size_t count, char *error, size_t error_bytes);

/// The bytes of a key's value, copied to `value`; -1 when there is none or reading failed.
long rivals_get(rivals_store *store, const uint8_t *key, size_t key_bytes, uint8_t *value,
                size_t capacity);

void rivals_close(rivals_store *store);

#endif
