#ifndef FAULTY_VFS_H
#define FAULTY_VFS_H

/* A layer over SQLite's own file system in which a chosen call fails. For tests only. */

/* What can fail. */
enum faulty_operation { faulty_open = 0, faulty_read = 1, faulty_write = 2, faulty_sync = 3, faulty_truncate = 4 };

/* Puts the layer under every connection that this process opens from now on. Files whose paths no fault names are passed
   through. Returns 0, or a result code of SQLite. */
int faulty_vfs_install(void);

/* From its call number `after` on (0 is the next one), `operation` on a file whose path contains `path_part` fails with the
   result code `code`: `times` times, or for ever with -1. A write that fails has written `written_bytes` of its bytes. */
void faulty_vfs_arm(const char *path_part, int operation, int after, int times, int code, int written_bytes);

/* Takes away all faults of a path, and returns how often they struck. */
int faulty_vfs_disarm(const char *path_part);

#endif
