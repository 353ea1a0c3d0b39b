// The wire grammar of AMQP 0-9-1, from Debian's librabbitmq (0.11.0-1+deb12u3 or later: earlier
// packages miss security fixes of the decoders).
//
// Only the grammar is used: amqp_decode_method, amqp_encode_method, the memory pools that decoding
// needs, the method structures, and the constants. Never a function that takes an
// amqp_connection_state_t: the library's own input and output blocks, can hang for ever in 0.11,
// and writes three packets for a publish. Sockets, TLS and time belong to SwiftNIO; frames are cut
// in Swift (AMQP/Wire/FrameScanner.swift).
//
// What a caller must do itself, because the library does not:
//   - check how deep tables are nested before decoding a method that has one (0.11 recurses
//     without a limit and overflows the stack): TableScanner.depthIsWithin;
//   - recycle the pool after each frame, and copy what must outlive the frame before that.
#ifndef MEDDELA_CRABBITMQ_SHIM_H
#define MEDDELA_CRABBITMQ_SHIM_H

#include <amqp.h>
#include <amqp_framing.h>

// The value of a table field is a C union inside a structure. These inline functions set and read
// it in one place, so that Swift never chooses a union member that does not fit the kind.

static inline amqp_field_value_t meddela_field_boolean(amqp_boolean_t value) {
  amqp_field_value_t field = {0};
  field.kind = AMQP_FIELD_KIND_BOOLEAN;
  field.value.boolean = value;
  return field;
}

static inline amqp_field_value_t meddela_field_int32(int32_t value) {
  amqp_field_value_t field = {0};
  field.kind = AMQP_FIELD_KIND_I32;
  field.value.i32 = value;
  return field;
}

static inline amqp_field_value_t meddela_field_int64(int64_t value) {
  amqp_field_value_t field = {0};
  field.kind = AMQP_FIELD_KIND_I64;
  field.value.i64 = value;
  return field;
}

static inline amqp_field_value_t meddela_field_string(amqp_bytes_t value) {
  amqp_field_value_t field = {0};
  field.kind = AMQP_FIELD_KIND_UTF8;
  field.value.bytes = value;
  return field;
}

static inline amqp_field_value_t meddela_field_table(amqp_table_t value) {
  amqp_field_value_t field = {0};
  field.kind = AMQP_FIELD_KIND_TABLE;
  field.value.table = value;
  return field;
}

// The bytes of a string field; of length 0 for every other kind.
static inline amqp_bytes_t meddela_field_bytes(const amqp_field_value_t *field) {
  amqp_bytes_t none = {0};
  return field->kind == AMQP_FIELD_KIND_UTF8 ? field->value.bytes : none;
}

#endif
