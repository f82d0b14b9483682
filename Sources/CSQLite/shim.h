#include <sqlite3.h>

// Swift cannot import SQLITE_TRANSIENT: it is the number -1, cast to the type of a destructor function. These two
// functions bind with it, so that SQLite copies the bytes before they return and no Swift buffer has to outlive the call.

static inline int rollcall_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}

static inline int rollcall_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_text64(statement, index, bytes, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

// Swift cannot import variadic functions.
static inline int rollcall_sqlite_config_sorter(unsigned int pages) { return sqlite3_config(SQLITE_CONFIG_PMASZ, pages); }
