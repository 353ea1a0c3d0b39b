// zlib (Debian: zlib1g-dev), which unpacks the bodies that producers compress (gzip, deflate).
// Chosen because it is on every system, unpacks in steps whose size the caller chooses, and checks
// length and sum of what comes out.
#include <zlib.h>
