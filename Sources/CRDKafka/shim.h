#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
// Not part of the module that Swift has for glibc.
#include <malloc.h>
