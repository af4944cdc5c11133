import { fstatSync, ftruncateSync, writeSync } from 'node:fs'
import { untouched } from '../system/end-thread.ts'
import { loadKoffi } from './load-koffi.ts'

/** What a call of macOS gave, or, below zero, the number of its error with a minus before it. */
export type DarwinAnswer = number

/** The calls of macOS that file ranges are made of; a stand-in for them has the same bytes in and out. */
export interface DarwinCalls {
  size(fd: number): number
  truncate(fd: number, size: number): void
  write(fd: number, at: number, bytes: Uint8Array): void
  lseek(fd: number, offset: number, whence: number): DarwinAnswer
  /** fcntl(2) with a structure that it reads. */
  fcntl(fd: number, command: number, argument: Uint8Array): DarwinAnswer
  /** fclonefileat(2) to a path. */
  clone(sourceFd: number, target: string, flags: number): DarwinAnswer
  /** renamex_np(2). */
  rename(from: string, to: string, flags: number): DarwinAnswer
  /** lstat(2) with inodes of 64 bits, statfs(2) and fstatfs(2) too. */
  lstat(path: string, answer: Uint8Array): DarwinAnswer
  statfs(path: string, answer: Uint8Array): DarwinAnswer
  fstatfs(fd: number, answer: Uint8Array): DarwinAnswer
  /** sysctlbyname(3) of a text or a number; gives how many bytes it has. */
  sysctl(name: string, answer: Uint8Array): DarwinAnswer
  /** getattrlist(2) of a mount point. */
  getattrlist(mountPoint: string, list: Uint8Array, answer: Uint8Array): DarwinAnswer
}

const currentFolder = -2

/**
 * Of libSystem: `fcntl` is variadic, whose further arguments lie on the stack on Apple silicon; on Intel the calls with inodes of
 * 64 bits have names of their own.
 */
export function darwinDefinitions(arch: string) {
  const wide = arch === 'x64' ? '$INODE64' : ''
  return {
    lseek: 'int64_t lseek(int fd, int64_t offset, int whence)',
    fcntl: 'int fcntl(int fd, int command, ...)',
    clone: 'int fclonefileat(int source, int folder, str target, uint32_t flags)',
    rename: 'int renamex_np(str from, str to, uint32_t flags)',
    lstat: `int lstat${wide}(str path, _Out_ uint8_t *answer)`,
    statfs: `int statfs${wide}(str path, _Out_ uint8_t *answer)`,
    fstatfs: `int fstatfs${wide}(int fd, _Out_ uint8_t *answer)`,
    sysctl:
      'int sysctlbyname(str name, _Out_ uint8_t *answer, _Inout_ size_t *room, void *wanted, size_t length)',
    getattrlist:
      'int getattrlist(str path, _In_ uint8_t *list, _Out_ uint8_t *answer, size_t room, uint32_t options)',
  } as const
}

function library() {
  const koffi = loadKoffi()
  const system = koffi.load('/usr/lib/libSystem.B.dylib')
  const names = darwinDefinitions(process.arch)
  const call = (name: keyof typeof names) => system.func(names[name])
  return {
    errno: () => koffi.errno(),
    lseek: call('lseek'),
    fcntl: call('fcntl'),
    clone: call('clone'),
    rename: call('rename'),
    lstat: call('lstat'),
    statfs: call('statfs'),
    fstatfs: call('fstatfs'),
    sysctl: call('sysctl'),
    getattrlist: call('getattrlist'),
  }
}

/** The calls of the macOS that this runs on, through koffi. */
export function darwinCalls(): DarwinCalls {
  let loaded: ReturnType<typeof library> | null = null
  const system = () => (loaded ??= untouched(library))
  const told = (result: number | bigint): DarwinAnswer =>
    Number(result) === -1 ? -system().errno() : Number(result)
  return {
    size: (fd) => fstatSync(fd).size,
    truncate: (fd, size) => ftruncateSync(fd, size),
    write(fd, at, bytes) {
      for (let done = 0; done < bytes.length;)
        done += writeSync(fd, bytes, done, bytes.length - done, at + done)
    },
    lseek: (fd, offset, whence) => told(system().lseek(fd, offset, whence)),
    fcntl: (fd, command, argument) => told(system().fcntl(fd, command, 'void *', argument)),
    clone: (sourceFd, target, flags) => told(system().clone(sourceFd, currentFolder, target, flags)),
    rename: (from, to, flags) => told(system().rename(from, to, flags)),
    lstat: (path, answer) => told(system().lstat(path, answer)),
    statfs: (path, answer) => told(system().statfs(path, answer)),
    fstatfs: (fd, answer) => told(system().fstatfs(fd, answer)),
    sysctl(name, answer) {
      const room = [answer.length]
      const result = told(system().sysctl(name, answer, room, null, 0))
      return result < 0 ? result : Number(room[0])
    },
    getattrlist: (mountPoint, list, answer) =>
      told(system().getattrlist(mountPoint, list, answer, answer.length, 0)),
  }
}
