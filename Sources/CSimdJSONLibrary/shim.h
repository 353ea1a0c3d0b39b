/* simdjson is a C++ library; Swift reaches it only through CSimdJSON's C interface. This module
   exists to carry the compiler and linker flags of `pkg-config simdjson` (Debian: libsimdjson-dev). */
#ifdef __cplusplus
#include <simdjson.h>
#endif
