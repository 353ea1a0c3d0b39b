// Expat (Debian: libexpat1-dev), the XML parser behind Adobe's events. Chosen because it tells the
// byte at which each element begins and ends, so that one event can be cut from its message, lets
// a document type be refused where it is declared, and needs no more than one small library.
#include <expat.h>
