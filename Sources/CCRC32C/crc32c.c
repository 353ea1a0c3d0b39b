#include "CCRC32C.h"

#include <string.h>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

typedef uint32_t (*crc_function)(uint32_t, const unsigned char *, size_t);

static uint32_t tables[8][256];

static uint64_t load64(const unsigned char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

static uint32_t slice_by_8(uint32_t crc, const unsigned char *at, size_t count) {
  while (count >= 8) {
    uint64_t word = load64(at);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    word ^= crc;
    crc = tables[7][word & 255] ^ tables[6][(word >> 8) & 255] ^ tables[5][(word >> 16) & 255]
        ^ tables[4][(word >> 24) & 255] ^ tables[3][(word >> 32) & 255]
        ^ tables[2][(word >> 40) & 255] ^ tables[1][(word >> 48) & 255] ^ tables[0][word >> 56];
    at += 8;
    count -= 8;
  }
  while (count--) crc = tables[0][(crc ^ *at++) & 255] ^ (crc >> 8);
  return crc;
}

#if defined(__x86_64__)
// The instruction answers after three cycles and can begin one in each: three streams at once are
// three times as fast as one. Carrying a stream's sum over the n words behind it is, as reflected
// polynomials, a product with x^(64n - 33), which the last word's instruction reduces: V. Gopal
// and others, "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", Intel, 2011.
#include <immintrin.h>

// In words of 8 bytes.
enum { longest_stream = 128, shortest_stream = 4, longest_carry = 2 * longest_stream };

static uint32_t carry[longest_carry + 1];

static void prepare_carry(void) {
  uint32_t power = 1;  // x^31: bit 31 is x^0
  for (size_t words = 1; words <= longest_carry; words++) {
    carry[words] = power;
    for (int bit = 0; bit < 64; bit++) power = (power >> 1) ^ (power & 1 ? 0x82F63B78u : 0);
  }
}

__attribute__((target("sse4.2,pclmul")))
static uint64_t carried(uint64_t crc, size_t words) {
  __m128i product = _mm_clmulepi64_si128(
      _mm_cvtsi64_si128((long long)crc), _mm_cvtsi32_si128((int)carry[words]), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}

__attribute__((target("sse4.2,pclmul")))
static uint32_t carry_over(uint32_t crc, size_t words) {
  return (uint32_t)__builtin_ia32_crc32di(0, carried(crc, words));
}

// Three streams of so many words each, one behind the other.
__attribute__((target("sse4.2,pclmul")))
static uint64_t three_streams(uint64_t first, const unsigned char *at, size_t words) {
  const unsigned char *b = at + 8 * words, *c = b + 8 * words;
  uint64_t second = 0, third = 0;
  for (size_t word = 0; word + 1 < words; word++, at += 8, b += 8, c += 8) {
    first = __builtin_ia32_crc32di(first, load64(at));
    second = __builtin_ia32_crc32di(second, load64(b));
    third = __builtin_ia32_crc32di(third, load64(c));
  }
  first = __builtin_ia32_crc32di(first, load64(at));
  second = __builtin_ia32_crc32di(second, load64(b));
  return __builtin_ia32_crc32di(
      third, load64(c) ^ carried(first, 2 * words) ^ carried(second, words));
}

__attribute__((target("sse4.2,pclmul")))
static uint32_t hardware(uint32_t crc, const unsigned char *at, size_t count) {
  uint64_t wide = crc;
  while (count >= 24 * shortest_stream) {
    size_t words = count / 24;
    if (words > longest_stream) words = longest_stream;
    wide = three_streams(wide, at, words);
    at += 24 * words;
    count -= 24 * words;
  }
  for (; count >= 8; at += 8, count -= 8) wide = __builtin_ia32_crc32di(wide, load64(at));
  crc = (uint32_t)wide;
  while (count--) crc = __builtin_ia32_crc32qi(crc, *at++);
  return crc;
}

static int has_instruction(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}
#elif defined(__aarch64__)
enum { longest_carry = 256 };  // in words of 8 bytes
static void prepare_carry(void) {}

__attribute__((target("crc")))
static uint32_t carry_over(uint32_t crc, size_t words) {
  while (words--) crc = __builtin_arm_crc32cd(crc, 0);
  return crc;
}

__attribute__((target("crc")))
static uint32_t hardware(uint32_t crc, const unsigned char *at, size_t count) {
  for (; count >= 8; at += 8, count -= 8) crc = __builtin_arm_crc32cd(crc, load64(at));
  while (count--) crc = __builtin_arm_crc32cb(crc, *at++);
  return crc;
}

static int has_instruction(void) {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
#else
  return 1;
#endif
}
#else
enum { longest_carry = 0 };
static void prepare_carry(void) {}
static uint32_t carry_over(uint32_t crc, size_t words) { return words ? 0 : crc; }

static uint32_t hardware(uint32_t crc, const unsigned char *at, size_t count) {
  return slice_by_8(crc, at, count);
}

static int has_instruction(void) { return 0; }
#endif

static crc_function chosen = slice_by_8;

// x^(8 * 2^n): what n places of a count of bytes multiply by.
static uint32_t squares[64];
static uint32_t product(uint32_t a, uint32_t b);

// Runs before main, so no thread can see the tables half made.
__attribute__((constructor)) static void prepare(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
    tables[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; byte++)
    for (int slice = 1; slice < 8; slice++)
      tables[slice][byte] =
          (tables[slice - 1][byte] >> 8) ^ tables[0][tables[slice - 1][byte] & 255];
  squares[0] = 1u << 23;
  for (int place = 1; place < 64; place++)
    squares[place] = product(squares[place - 1], squares[place - 1]);
  prepare_carry();
  if (has_instruction()) chosen = hardware;
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t count) {
  return ~chosen(~crc, bytes, count);
}

// A product of reflected polynomials, modulo the generator.
static uint32_t product(uint32_t a, uint32_t b) {
  uint32_t sum = 0;
  for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
    if (a & bit) sum ^= b;
    b = (b >> 1) ^ (b & 1 ? 0x82F63B78u : 0);
  }
  return sum;
}

uint32_t crc32c_combine(uint32_t first, uint32_t second, size_t count) {
  if (count % 8 == 0 && count / 8 - 1 < longest_carry && chosen == hardware)
    return carry_over(first, count / 8) ^ second;
  for (size_t place = 0; count; place++, count >>= 1)
    if (count & 1) first = product(squares[place], first);
  return first ^ second;
}

uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
  return ~slice_by_8(~crc, bytes, count);
}

int crc32c_is_hardware(void) { return chosen == hardware; }
