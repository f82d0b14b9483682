#include "faulty_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

/* A file of ours: SQLite's own file lies right behind it. */
struct faulty_file {
    sqlite3_file base;
    const char *path; /* SQLite keeps the name for as long as the file is open. */
    sqlite3_file *real;
};

struct fault {
    char path_part[512];
    int operation, after, times, code, written_bytes, struck;
};

#define MAXIMUM_FAULTS 64
static struct fault faults[MAXIMUM_FAULTS];
static int fault_count = 0;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs *real_vfs = NULL;

/* The result code with which this call is to fail, or SQLITE_OK. */
static int strike(const char *path, int operation, int *written_bytes) {
    int code = SQLITE_OK;
    if (path == NULL) return code;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < fault_count && code == SQLITE_OK; i++) {
        struct fault *fault = &faults[i];
        if (fault->operation != operation || strstr(path, fault->path_part) == NULL) continue;
        if (fault->after > 0) {
            fault->after--;
        } else if (fault->times != 0) {
            if (fault->times > 0) fault->times--;
            fault->struck++;
            code = fault->code;
            if (written_bytes != NULL) *written_bytes = fault->written_bytes;
        }
    }
    pthread_mutex_unlock(&mutex);
    return code;
}

static struct faulty_file *ours(sqlite3_file *file) { return (struct faulty_file *)file; }
static sqlite3_file *real(sqlite3_file *file) { return ours(file)->real; }

static int close_file(sqlite3_file *file) { return real(file)->pMethods->xClose(real(file)); }

static int read_file(sqlite3_file *file, void *buffer, int count, sqlite3_int64 offset) {
    int code = strike(ours(file)->path, faulty_read, NULL);
    return code != SQLITE_OK ? code : real(file)->pMethods->xRead(real(file), buffer, count, offset);
}

static int write_file(sqlite3_file *file, const void *buffer, int count, sqlite3_int64 offset) {
    int written = 0;
    int code = strike(ours(file)->path, faulty_write, &written);
    if (code == SQLITE_OK) return real(file)->pMethods->xWrite(real(file), buffer, count, offset);
    if (written > count) written = count;
    if (written > 0) real(file)->pMethods->xWrite(real(file), buffer, written, offset);
    return code;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size) {
    int code = strike(ours(file)->path, faulty_truncate, NULL);
    return code != SQLITE_OK ? code : real(file)->pMethods->xTruncate(real(file), size);
}

static int sync_file(sqlite3_file *file, int flags) {
    int code = strike(ours(file)->path, faulty_sync, NULL);
    return code != SQLITE_OK ? code : real(file)->pMethods->xSync(real(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) { return real(file)->pMethods->xFileSize(real(file), size); }
static int lock(sqlite3_file *file, int level) { return real(file)->pMethods->xLock(real(file), level); }
static int unlock(sqlite3_file *file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
static int check_lock(sqlite3_file *file, int *result) {
    return real(file)->pMethods->xCheckReservedLock(real(file), result);
}
static int control(sqlite3_file *file, int operation, void *argument) {
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
static int sector_size(sqlite3_file *file) { return real(file)->pMethods->xSectorSize(real(file)); }
static int characteristics(sqlite3_file *file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
static int map_memory(sqlite3_file *file, int page, int size, int extend, void volatile **memory) {
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, memory);
}
static int lock_memory(sqlite3_file *file, int offset, int count, int flags) {
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
static void memory_barrier(sqlite3_file *file) { real(file)->pMethods->xShmBarrier(real(file)); }
static int unmap_memory(sqlite3_file *file, int delete_it) { return real(file)->pMethods->xShmUnmap(real(file), delete_it); }

/* Version 2: with the shared memory that a write-ahead log needs, and without mapped reads, which no call here would see. */
static const sqlite3_io_methods methods = {
    2,           close_file, read_file,  write_file, truncate_file, sync_file,       file_size,  lock,        unlock,
    check_lock,  control,    sector_size, characteristics, map_memory, lock_memory, memory_barrier, unmap_memory,
};

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags) {
    (void)vfs;
    memset(file, 0, sizeof(struct faulty_file));
    int code = strike(path, faulty_open, NULL);
    if (code != SQLITE_OK) return code;
    ours(file)->path = path;
    ours(file)->real = (sqlite3_file *)(ours(file) + 1);
    code = real_vfs->xOpen(real_vfs, path, real(file), flags, out_flags);
    /* Only a file that has methods is closed by SQLite, also when it could not be opened. */
    if (real(file)->pMethods != NULL) file->pMethods = &methods;
    return code;
}

int faulty_vfs_install(void) {
    static sqlite3_vfs vfs;
    int code = SQLITE_OK;
    pthread_mutex_lock(&mutex);
    if (real_vfs == NULL) {
        real_vfs = sqlite3_vfs_find(NULL);
        vfs = *real_vfs;
        vfs.zName = "faulty";
        vfs.szOsFile = (int)sizeof(struct faulty_file) + real_vfs->szOsFile;
        vfs.pNext = NULL;
        vfs.xOpen = open_file;
        code = sqlite3_vfs_register(&vfs, 1);
    }
    pthread_mutex_unlock(&mutex);
    return code;
}

void faulty_vfs_arm(const char *path_part, int operation, int after, int times, int code, int written_bytes) {
    pthread_mutex_lock(&mutex);
    if (fault_count < MAXIMUM_FAULTS) {
        struct fault *fault = &faults[fault_count++];
        memset(fault, 0, sizeof *fault);
        strncpy(fault->path_part, path_part, sizeof fault->path_part - 1);
        fault->operation = operation;
        fault->after = after;
        fault->times = times;
        fault->code = code;
        fault->written_bytes = written_bytes;
    }
    pthread_mutex_unlock(&mutex);
}

int faulty_vfs_disarm(const char *path_part) {
    int struck = 0;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < fault_count;) {
        if (strcmp(faults[i].path_part, path_part) == 0) {
            struck += faults[i].struck;
            faults[i] = faults[--fault_count];
        } else {
            i++;
        }
    }
    pthread_mutex_unlock(&mutex);
    return struck;
}
