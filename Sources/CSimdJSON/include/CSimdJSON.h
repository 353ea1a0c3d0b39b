/* A small C interface over simdjson's DOM parser (3.0.1): one document at a time, read in place. */
#ifndef MEDDELA_CSIMDJSON_H
#define MEDDELA_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct csimdjson_parser csimdjson_parser;

/* Views into the parser's buffers, valid until its next parse. */
typedef struct {
  /* simdjson's tape (its doc/tape.md): word 0 is the root, the document's value starts at word 1. */
  const uint64_t *tape;
  /* Decoded strings: four bytes of length (native order), the bytes, a NUL. */
  const uint8_t *strings;
  /* For each tape word from 1: where its token starts in the source. A number takes two words;
     the second has no offset. */
  const uint32_t *offsets;
} csimdjson_document;

typedef enum {
  csimdjson_ok = 0,
  csimdjson_invalid = 1, /* the document is not acceptable; the caller looks for the place */
  csimdjson_too_deep = 2,
  csimdjson_no_memory = 3,
} csimdjson_result;

/* NULL when there is no memory. `max_depth` counts nested containers: 1 accepts `[1]`, not `[[]]`. */
csimdjson_parser *csimdjson_create(uint32_t max_depth);
void csimdjson_destroy(csimdjson_parser *parser);

/* `bytes` must be followed by 64 readable bytes (their content does not matter). */
csimdjson_result csimdjson_parse(
  csimdjson_parser *parser, const uint8_t *bytes, uint32_t count, csimdjson_document *document);

#ifdef __cplusplus
}
#endif

#endif
