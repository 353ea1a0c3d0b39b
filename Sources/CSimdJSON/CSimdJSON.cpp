#include "CSimdJSON.h"

#include <memory>
#include <new>

// Debian's library is built with this; SwiftPM does not pass on the flag that pkg-config gives.
#ifndef SIMDJSON_THREADS_ENABLED
#define SIMDJSON_THREADS_ENABLED 1
#endif
#include <simdjson.h>

namespace {

constexpr size_t smallest_capacity = 64 * 1024;
// A buffer grown beyond this for one large document is given back with the next small one: the
// tape, strings and indexes take some 14 bytes for each byte of capacity.
constexpr size_t kept_capacity = 2 * 1024 * 1024;

// What one structural character adds to the tape position and to the depth.
struct Token {
  uint8_t words;
  int8_t depth;
};

struct TokenTable {
  Token of[256];
  constexpr TokenTable() : of() {
    for (int c = 0; c < 256; c++) of[c] = Token{1, 0};
    for (int c = '0'; c <= '9'; c++) of[c] = Token{2, 0};
    of['-'] = Token{2, 0};
    of[':'] = of[','] = Token{0, 0};
    of['['] = of['{'] = Token{1, 1};
    of[']'] = of['}'] = Token{1, -1};
  }
};

constexpr TokenTable tokens;

}  // namespace

struct csimdjson_parser {
  simdjson::dom::parser parser;
  std::unique_ptr<uint32_t[]> offsets;
  size_t capacity = 0;
  uint32_t max_depth;

  explicit csimdjson_parser(uint32_t depth) : max_depth(depth) {}

  bool reserve(size_t count) noexcept {
    bool keep = count <= capacity && (capacity <= kept_capacity || count > kept_capacity / 4);
    if (keep) return true;
    size_t wanted = smallest_capacity;
    while (wanted < count) wanted *= 2;
    capacity = 0;
    offsets.reset(new (std::nothrow) uint32_t[wanted + 64]);
    // One level more than the limit: simdjson counts the scalars inside as a level of their own.
    if (!offsets || parser.doc.allocate(wanted) || parser.allocate(wanted, max_depth + 1)) {
      return false;
    }
    capacity = wanted;
    return true;
  }

  // simdjson's structural indexes are the document's tokens in order. Without ':' and ',' they are
  // the tape's elements in order. Returns the greatest depth.
  int32_t locate(const uint8_t *bytes) noexcept {
    const uint32_t *index = parser.implementation->structural_indexes.get();
    const uint32_t *end = index + parser.implementation->n_structural_indexes;
    uint32_t *offset = offsets.get() + 1;
    int32_t depth = 0, deepest = 0;
    for (; index < end; index++) {
      Token token = tokens.of[bytes[*index]];
      *offset = *index;
      offset += token.words;
      depth += token.depth;
      deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
  }
};

csimdjson_parser *csimdjson_create(uint32_t max_depth) {
  try {
    return new (std::nothrow) csimdjson_parser(max_depth);
  } catch (...) {
    return nullptr;
  }
}

void csimdjson_destroy(csimdjson_parser *parser) { delete parser; }

csimdjson_result csimdjson_parse(
  csimdjson_parser *parser, const uint8_t *bytes, uint32_t count, csimdjson_document *document) {
  try {
    if (!parser->reserve(count)) return csimdjson_no_memory;
    auto result = parser->parser.parse(bytes, count, false);
    switch (result.error()) {
      case simdjson::SUCCESS: break;
      case simdjson::MEMALLOC: return csimdjson_no_memory;
      case simdjson::DEPTH_ERROR: return csimdjson_too_deep;
      default: return csimdjson_invalid;
    }
    if (parser->locate(bytes) > int32_t(parser->max_depth)) return csimdjson_too_deep;
    document->tape = parser->parser.doc.tape.get();
    document->strings = parser->parser.doc.string_buf.get();
    document->offsets = parser->offsets.get();
    return csimdjson_ok;
  } catch (...) {
    return csimdjson_no_memory;
  }
}
