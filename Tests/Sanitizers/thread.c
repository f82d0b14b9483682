// What the thread sanitizer has to be told about, linked into every program that is built under it.
//
// The sanitizer learns who waits for whom by taking the place of the pthread functions. Two things on our data path wait by other
// means, and would otherwise be reported as races (or, for a thread that the sanitizer never saw begin, crash it):
//
//   - Swift's Mutex. Its fast path is compiled into our own code and is seen. Whoever finds it locked waits on a futex inside
//     libswiftSynchronization, which is not instrumented.
//   - librdkafka. It was built with the threads, mutexes and conditions of C11, for which the sanitizer has no interceptors.
//     In glibc thrd_t, mtx_t and cnd_t have the layout of their pthread counterparts, so each call can be handed on.
//
// Definitions in a program come before those of the libraries that it loads, so nothing else has to change.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT_METHOD __attribute__((swiftcall))
#define SWIFT_SELF __attribute__((swift_context))

typedef SWIFT_METHOD void (*lock_slow)(uint32_t thread, SWIFT_SELF void *mutex);
typedef SWIFT_METHOD void (*unlock_slow)(SWIFT_SELF void *mutex);

SWIFT_METHOD void swift_mutex_lock(uint32_t thread, SWIFT_SELF void *mutex)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT_METHOD void swift_mutex_unlock(SWIFT_SELF void *mutex)
    __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");

SWIFT_METHOD void swift_mutex_lock(uint32_t thread, SWIFT_SELF void *mutex) {
    lock_slow wait = (lock_slow)dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
    wait(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT_METHOD void swift_mutex_unlock(SWIFT_SELF void *mutex) {
    unlock_slow wake = (unlock_slow)dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
    __tsan_release(mutex);
    wake(mutex);
}

struct beginning {
    thrd_start_t body;
    void *argument;
};

static void *begin(void *opaque) {
    struct beginning beginning = *(struct beginning *)opaque;
    free(opaque);
    return (void *)(intptr_t)beginning.body(beginning.argument);
}

static int c11_result(int error) {
    switch (error) {
    case 0: return thrd_success;
    case ENOMEM: return thrd_nomem;
    case ETIMEDOUT: return thrd_timedout;
    case EBUSY: return thrd_busy;
    default: return thrd_error;
    }
}

int thrd_create(thrd_t *thread, thrd_start_t body, void *argument) {
    struct beginning *beginning = malloc(sizeof *beginning);
    if (!beginning) return thrd_nomem;
    *beginning = (struct beginning){body, argument};
    int error = pthread_create(thread, NULL, begin, beginning);
    if (error) free(beginning);
    return c11_result(error);
}

int thrd_join(thrd_t thread, int *result) {
    void *returned;
    int error = pthread_join(thread, &returned);
    if (!error && result) *result = (int)(intptr_t)returned;
    return c11_result(error);
}

int mtx_init(mtx_t *mutex, int kind) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, kind & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    return c11_result(pthread_mutex_init((pthread_mutex_t *)mutex, &attributes));
}

int mtx_lock(mtx_t *mutex) { return c11_result(pthread_mutex_lock((pthread_mutex_t *)mutex)); }
int mtx_unlock(mtx_t *mutex) { return c11_result(pthread_mutex_unlock((pthread_mutex_t *)mutex)); }
void mtx_destroy(mtx_t *mutex) { pthread_mutex_destroy((pthread_mutex_t *)mutex); }

int cnd_init(cnd_t *condition) { return c11_result(pthread_cond_init((pthread_cond_t *)condition, NULL)); }
int cnd_signal(cnd_t *condition) { return c11_result(pthread_cond_signal((pthread_cond_t *)condition)); }
int cnd_broadcast(cnd_t *condition) { return c11_result(pthread_cond_broadcast((pthread_cond_t *)condition)); }
void cnd_destroy(cnd_t *condition) { pthread_cond_destroy((pthread_cond_t *)condition); }

int cnd_wait(cnd_t *condition, mtx_t *mutex) {
    return c11_result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
    return c11_result(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}
