/* Preloaded into a process, it journals every change made to files below $JOURNAL_FOLDER, and what is written to standard
   output, in the order of the calls. Each entry is one write of its own to $JOURNAL_FILE:

     char op; 3 bytes of nothing; uint32 length of the path; int64 offset; int64 length of the data; path; data

   op: c created, w written, t truncated (offset: to), s synced, u unlinked, d the folder was synced.
   What is mapped, which is only the index of SQLite's log (-shm), is not seen: it does not outlive a power cut. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define MOST 4096
static char paths[MOST][512];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static const char *folder;
static struct stat out; /* standard output may be written to under another number */

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  folder = getenv("JOURNAL_FOLDER");
  const char *file = getenv("JOURNAL_FILE");
  if (folder && file) journal = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fstat(1, &out) != 0) abort();
}

static void note(char op, const char *path, int64_t offset, const void *data, int64_t length) {
  const uint32_t named = (uint32_t)strlen(path);
  char *entry = malloc(24 + named + (size_t)length);
  if (!entry) abort();
  memset(entry, 0, 24);
  entry[0] = op;
  memcpy(entry + 4, &named, 4);
  memcpy(entry + 8, &offset, 8);
  memcpy(entry + 16, &length, 8);
  memcpy(entry + 24, path, named);
  if (length) memcpy(entry + 24 + named, data, (size_t)length);
  syscall(SYS_write, journal, entry, 24 + named + (size_t)length);
  free(entry);
}

static int below(const char *path) {
  const size_t ends = strlen(path);
  return journal >= 0 && strncmp(path, folder, strlen(folder)) == 0 && !(ends > 4 && strcmp(path + ends - 4, "-shm") == 0);
}

static const char *followed(int fd) { return journal >= 0 && fd >= 0 && fd < MOST && paths[fd][0] ? paths[fd] : NULL; }

static int opened(int fd, const char *path, int flags, int there) {
  if (fd < 0 || fd >= MOST) return fd;
  pthread_mutex_lock(&mutex);
  paths[fd][0] = 0;
  if (below(path)) {
    snprintf(paths[fd], sizeof paths[fd], "%s", path);
    if (!there) note('c', path, 0, NULL, 0);
    if (there && (flags & O_TRUNC)) note('t', path, 0, NULL, 0);
  }
  pthread_mutex_unlock(&mutex);
  return fd;
}

#define OPEN(name)                                                 \
  int name(const char *path, int flags, ...) {                     \
    va_list rest;                                                  \
    va_start(rest, flags);                                         \
    const mode_t mode = va_arg(rest, mode_t);                      \
    va_end(rest);                                                  \
    struct stat status;                                            \
    const int there = below(path) ? stat(path, &status) == 0 : 1;  \
    return opened(NEXT(name)(path, flags, mode), path, flags, there); \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  if (fd > 2 && fd < MOST) paths[fd][0] = 0;
  return NEXT(close)(fd);
}

static const char *answering(int fd) {
  struct stat status;
  if (journal < 0 || fstat(fd, &status) != 0) return NULL;
  return status.st_dev == out.st_dev && status.st_ino == out.st_ino ? "<stdout>" : NULL;
}

ssize_t write(int fd, const void *data, size_t count) {
  const char *path = followed(fd);
  if (!path) path = answering(fd);
  if (!path) return NEXT(write)(fd, data, count);
  pthread_mutex_lock(&mutex);
  const int64_t offset = lseek(fd, 0, SEEK_CUR);
  const ssize_t done = NEXT(write)(fd, data, count);
  if (done > 0) note('w', path, offset, data, done);
  pthread_mutex_unlock(&mutex);
  return done;
}

#define PWRITE(name, off)                                          \
  ssize_t name(int fd, const void *data, size_t count, off offset) { \
    const char *path = followed(fd);                               \
    if (!path) return NEXT(name)(fd, data, count, offset);         \
    pthread_mutex_lock(&mutex);                                    \
    const ssize_t done = NEXT(name)(fd, data, count, offset);      \
    if (done > 0) note('w', path, offset, data, done);             \
    pthread_mutex_unlock(&mutex);                                  \
    return done;                                                   \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, off)                              \
  int name(int fd, off size) {                           \
    const char *path = followed(fd);                     \
    if (!path) return NEXT(name)(fd, size);              \
    pthread_mutex_lock(&mutex);                          \
    const int failed = NEXT(name)(fd, size);             \
    if (!failed) note('t', path, size, NULL, 0);         \
    pthread_mutex_unlock(&mutex);                        \
    return failed;                                       \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name)                                                             \
  int name(int fd) {                                                           \
    const char *path = followed(fd);                                           \
    const int failed = NEXT(name)(fd);                                         \
    if (!path || failed) return failed;                                        \
    struct stat status;                                                        \
    pthread_mutex_lock(&mutex);                                                \
    note(fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) ? 'd' : 's', path, 0, NULL, 0); \
    pthread_mutex_unlock(&mutex);                                              \
    return failed;                                                             \
  }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
  pthread_mutex_lock(&mutex);
  const int failed = NEXT(unlink)(path);
  if (!failed && below(path)) note('u', path, 0, NULL, 0);
  pthread_mutex_unlock(&mutex);
  return failed;
}
