internal import CLibCrypto

/// A SHA-256 (FIPS 180-4) under way: `update` with all the bytes, in as many pieces as one likes,
/// then `digest`.
struct SHA256: ~Copyable {
  private let context: OpaquePointer

  init() {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("There is no memory left") }
    self.context = context
    check(EVP_DigestInit_ex(context, EVP_sha256(), nil))
  }

  deinit { EVP_MD_CTX_free(context) }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    check(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count))
  }

  /// The 32 bytes.
  consuming func digest() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { bytes, count in
      check(EVP_DigestFinal_ex(context, bytes.baseAddress, nil))
      count = 32
    }
  }

  /// It fails only where the library has no SHA-256 at all: nothing a caller could answer.
  private func check(_ result: Int32) {
    precondition(result == 1, "libcrypto cannot compute a SHA-256")
  }
}
