// CRC32C (Castagnoli polynomial, RFC 3720 appendix B.4) with the processor's own instruction
// where it has one. "123456789" gives 0xE3069283.
#ifndef CCRC32C_H
#define CCRC32C_H

#include <stddef.h>
#include <stdint.h>

/// Continues `crc` over `count` bytes; 0 starts a new checksum, any other value is a seed.
uint32_t crc32c(uint32_t crc, const void *bytes, size_t count);

/// The checksum of two pieces in a row: `first` of the one before, `second` (begun with 0) of the
/// one behind it, which has `count` bytes. Takes some nanoseconds where that is a multiple of 8 up
/// to 2048, else about a microsecond.
uint32_t crc32c_combine(uint32_t first, uint32_t second, size_t count);

/// The slice-by-8 fallback, reachable for tests and for processors without the instruction.
uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t count);

/// Whether `crc32c` uses the processor's instruction on this machine.
int crc32c_is_hardware(void);

#endif
