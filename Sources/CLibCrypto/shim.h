// OpenSSL's libcrypto (Debian: libssl-dev), for SHA-256. Chosen because librabbitmq needs it, so it
// is in the process anyway; swift-crypto would compile a second BoringSSL beside the one in NIOSSL.
#include <openssl/evp.h>
