// A stand-in for libSystem of macOS on Linux: the names, arguments and structures of Apple's headers, as C sees them.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define WIDE(name) __asm__(#name "$INODE64")

struct fpunchhole { uint32_t flags, reserved; int64_t offset, length; };
struct fstore { uint32_t flags; int32_t mode; int64_t offset, length, allocated; };
struct darwin_statfs {
  uint32_t bsize; int32_t iosize; uint64_t blocks, bfree, bavail, files, ffree; int32_t fsid[2];
  uint32_t owner, type, flags, subtype; char name[16], mountedOn[1024], mountedFrom[1024]; uint32_t flagsExt, reserved[7];
};
struct darwin_stat {
  int32_t dev; uint16_t mode, nlink; uint64_t ino; uint32_t uid, gid; int32_t rdev; int64_t times[8], size, blocks;
  int32_t blksize; uint32_t flags, gen; int32_t spare; int64_t spares[2];
};
struct attrlist { uint16_t count, reserved; uint32_t common, volume, dir, file, fork; };
struct capabilities { uint32_t length, capabilities[4], valid[4]; };

_Static_assert(sizeof(struct darwin_statfs) == 2168, "struct statfs");
_Static_assert(sizeof(struct darwin_stat) == 144, "struct stat");
_Static_assert(sizeof(struct attrlist) == 24, "struct attrlist");

int darwin_fcntl(int fd, int command, ...) __asm__("fcntl");
int darwin_fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  if (command == 99) {
    struct fpunchhole *hole = argument;
    if (hole->flags != 0 || hole->offset % 4096 != 0 || hole->length % 4096 != 0) { errno = EINVAL; return -1; }
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, hole->offset, hole->length);
  }
  if (command == 42) {
    struct fstore *store = argument;
    struct stat own;
    if (store->mode != 3 || store->offset != 0 || fstat(fd, &own) != 0) { errno = EINVAL; return -1; }
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, own.st_size, store->length);
  }
  errno = EINVAL;
  return -1;
}

int64_t darwin_lseek(int fd, int64_t offset, int whence) __asm__("lseek");
int64_t darwin_lseek(int fd, int64_t offset, int whence) {
  return lseek64(fd, offset, whence == 3 ? SEEK_HOLE : SEEK_DATA);
}

int fclonefileat(int source, int folder, const char *target, uint32_t flags) {
  if (folder != -2 || flags != 0) { errno = EINVAL; return -1; }
  int fd = open(target, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return -1;
  char buffer[4096];
  int64_t at = 0, got;
  while ((got = pread(source, buffer, sizeof buffer, at)) > 0) at += pwrite(fd, buffer, got, at);
  close(fd);
  return 0;
}

int renamex_np(const char *from, const char *to, unsigned int flags) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags == 4 ? RENAME_NOREPLACE : RENAME_EXCHANGE);
}

static int tell(int failed, const struct statfs *own, struct darwin_statfs *answer) {
  if (failed) return -1;
  memset(answer, 0, sizeof *answer);
  answer->bsize = own->f_bsize;
  answer->blocks = own->f_blocks;
  answer->bfree = own->f_bfree;
  answer->bavail = own->f_bavail;
  answer->flags = 0x1000;
  strcpy(answer->name, "apfs");
  strcpy(answer->mountedOn, "/Volumes/B\xc3\xbcro");
  return 0;
}

int darwin_statfs_of(const char *path, struct darwin_statfs *answer) WIDE(statfs);
int darwin_statfs_of(const char *path, struct darwin_statfs *answer) {
  struct statfs own;
  return tell(statfs(path, &own), &own, answer);
}

int darwin_fstatfs_of(int fd, struct darwin_statfs *answer) WIDE(fstatfs);
int darwin_fstatfs_of(int fd, struct darwin_statfs *answer) {
  struct statfs own;
  return tell(fstatfs(fd, &own), &own, answer);
}

int darwin_lstat_of(const char *path, struct darwin_stat *answer) WIDE(lstat);
int darwin_lstat_of(const char *path, struct darwin_stat *answer) {
  if (access(path, F_OK) != 0) return -1;
  memset(answer, 0, sizeof *answer);
  answer->flags = strstr(path, "away") ? 0x40000020 : 0;
  return 0;
}

int sysctlbyname(const char *name, void *answer, size_t *room, void *wanted, size_t length) {
  static const char session[] = "D03A97D5-1D7B-4C53-9D0F-4D0E2A1B3C4D";
  if (strcmp(name, "kern.bootsessionuuid") != 0 || wanted != NULL || length != 0) { errno = ENOENT; return -1; }
  if (*room < sizeof session) { errno = ENOMEM; return -1; }
  memcpy(answer, session, sizeof session);
  *room = sizeof session;
  return 0;
}

int getattrlist(const char *path, struct attrlist *list, struct capabilities *answer, size_t room, uint32_t options) {
  if (strcmp(path, "/Volumes/B\xc3\xbcro") != 0 || list->count != 5 || list->volume != 0x80020000 || options != 0 || room < sizeof *answer) {
    errno = EINVAL;
    return -1;
  }
  *answer = (struct capabilities){ sizeof *answer, { 0x240, 0x90000 }, { 0x340, 0x90000 } };
  return 0;
}
