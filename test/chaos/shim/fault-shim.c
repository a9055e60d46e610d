/*
 * Preloaded into a node's process: makes its disk slow or broken, and its wall clock wrong. What is to be done stands in a
 * file that the test writes and this maps; see fault-shim.ts for its layout.
 *
 * A write to a descriptor opened with O_DSYNC or O_SYNC is a sync, too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
  int64_t clock_offset_ns;
  uint32_t sync_delay_us;
  int32_t sync_errno;
  uint64_t delayed;
  uint64_t failed;
  uint64_t shifted;
};

static struct control nothing;
static struct control *control = &nothing;

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static ssize_t (*real_pwritev64)(int, const struct iovec *, int, off64_t);
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void) {
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
  real_pwritev64 = dlsym(RTLD_NEXT, "pwritev64");
  real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  const char *path = getenv("CHAOS_CONTROL");
  if (path == NULL) return;
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) abort();
  void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) abort();
  control = mapped;
}

/* Waits as long as the disk is slow; returns the error that the disk has, or 0. */
static int suffer(void) {
  uint32_t delay = __atomic_load_n(&control->sync_delay_us, __ATOMIC_RELAXED);
  if (delay != 0) {
    struct timespec wait = {delay / 1000000, (long)(delay % 1000000) * 1000};
    nanosleep(&wait, NULL);
    __atomic_fetch_add(&control->delayed, 1, __ATOMIC_RELAXED);
  }
  int error = __atomic_load_n(&control->sync_errno, __ATOMIC_RELAXED);
  if (error != 0) __atomic_fetch_add(&control->failed, 1, __ATOMIC_RELAXED);
  return error;
}

static int is_synced(int file) {
  if (control->sync_delay_us == 0 && control->sync_errno == 0) return 0;
  int flags = fcntl(file, F_GETFL);
  return flags >= 0 && (flags & (O_DSYNC | O_SYNC)) != 0;
}

static int fails(int error) {
  if (error != 0) errno = error;
  return error != 0;
}

int fsync(int file) { return fails(suffer()) ? -1 : real_fsync(file); }

int fdatasync(int file) { return fails(suffer()) ? -1 : real_fdatasync(file); }

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t offset) {
  if (is_synced(file) && fails(suffer())) return -1;
  return real_pwrite64(file, bytes, size, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
  return pwrite64(file, bytes, size, offset);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset) {
  if (is_synced(file) && fails(suffer())) return -1;
  return real_pwritev64(file, parts, count, offset);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
  return pwritev64(file, parts, count, offset);
}

static int64_t offset_now(void) {
  int64_t offset = __atomic_load_n(&control->clock_offset_ns, __ATOMIC_RELAXED);
  if (offset != 0) __atomic_fetch_add(&control->shifted, 1, __ATOMIC_RELAXED);
  return offset;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  /* Somebody may ask before the constructor has run. */
  if (real_clock_gettime == NULL) real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real_clock_gettime(clock, now);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  int64_t moment = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + offset_now();
  now->tv_sec = moment / 1000000000;
  now->tv_nsec = moment % 1000000000;
  return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  if (result != 0) return result;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *target) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (target != NULL) *target = precise.tv_sec;
  return precise.tv_sec;
}
