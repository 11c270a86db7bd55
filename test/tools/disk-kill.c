/*
 * Preloaded into a process under test (LD_PRELOAD): counts its calls that change files whose path
 * holds DISK_KILL_PATH, libraries' own calls too, and ends it by kill -9 before the one whose number
 * DISK_KILL_BEFORE is. With DISK_KILL_TORN=1 a write is done by half first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;

static int wanted(const char *path) {
  const char *part = getenv("DISK_KILL_PATH");
  return part != NULL && path != NULL && strstr(path, part) != NULL;
}

/* Is this the call to end at? */
static int ends(const char *path) {
  const char *before = getenv("DISK_KILL_BEFORE");
  return before != NULL && wanted(path) && atomic_fetch_add(&calls, 1) == atol(before);
}

static int ends_fd(int fd) {
  char link[64], path[4096];
  if (fd < 3) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return ends(path);
}

static void end(void) {
  kill(getpid(), SIGKILL);
  pause();
}

static int torn(void) { return getenv("DISK_KILL_TORN") != NULL; }

#define NEXT(name) \
  static __typeof__(name) *next; \
  if (next == NULL) next = (__typeof__(next))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t count) {
  NEXT(write);
  if (ends_fd(fd)) {
    if (torn()) next(fd, data, count / 2);
    end();
  }
  return next(fd, data, count);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t at) {
  NEXT(pwrite);
  if (ends_fd(fd)) {
    if (torn()) next(fd, data, count / 2, at);
    end();
  }
  return next(fd, data, count, at);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t at) {
  NEXT(pwrite64);
  if (ends_fd(fd)) {
    if (torn()) next(fd, data, count / 2, at);
    end();
  }
  return next(fd, data, count, at);
}

#define OF_FD(name, list, ...) \
  int name list { \
    NEXT(name); \
    if (ends_fd(fd)) end(); \
    return next(__VA_ARGS__); \
  }
OF_FD(fsync, (int fd), fd)
OF_FD(fdatasync, (int fd), fd)
OF_FD(ftruncate, (int fd, off_t size), fd, size)
OF_FD(ftruncate64, (int fd, off64_t size), fd, size)
OF_FD(fchmod, (int fd, mode_t mode), fd, mode)

#define OF_PATH(name, list, ...) \
  int name list { \
    NEXT(name); \
    if (ends(path)) end(); \
    return next(__VA_ARGS__); \
  }
OF_PATH(unlink, (const char *path), path)
OF_PATH(mkdir, (const char *path, mode_t mode), path, mode)
OF_PATH(chmod, (const char *path, mode_t mode), path, mode)

int rename(const char *from, const char *path) {
  NEXT(rename);
  if (ends(path)) end();
  return next(from, path);
}

/* Opening changes the disk when it makes the file. */
#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    NEXT(name); \
    mode_t mode = 0; \
    if (flags & O_CREAT) { \
      __builtin_va_list list; \
      __builtin_va_start(list, flags); \
      mode = (mode_t)__builtin_va_arg(list, int); \
      __builtin_va_end(list); \
      if (access(path, F_OK) != 0 && ends(path)) end(); \
    } \
    return next(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)
