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
export function darwinDefinitions(arch: string): Readonly<Record<Call, Definition>> {
  const wide = arch === 'x64' ? '$INODE64' : ''
  const bytes = { in: '_In_ uint8_t *', out: '_Out_ uint8_t *' } as const
  return {
    lseek: ['lseek', 'int64_t', ['int', 'int64_t', 'int']],
    fcntl: ['fcntl', 'int', ['int', 'int', '...']],
    clone: ['fclonefileat', 'int', ['int', 'int', 'str', 'uint32_t']],
    rename: ['renamex_np', 'int', ['str', 'str', 'uint32_t']],
    lstat: [`lstat${wide}`, 'int', ['str', bytes.out]],
    statfs: [`statfs${wide}`, 'int', ['str', bytes.out]],
    fstatfs: [`fstatfs${wide}`, 'int', ['int', bytes.out]],
    sysctl: ['sysctlbyname', 'int', ['str', bytes.out, '_Inout_ size_t *', 'void *', 'size_t']],
    getattrlist: ['getattrlist', 'int', ['str', bytes.in, bytes.out, 'size_t', 'uint32_t']],
  }
}

type Call = 'lseek' | 'fcntl' | 'clone' | 'rename' | 'lstat' | 'statfs' | 'fstatfs' | 'sysctl' | 'getattrlist'
type Definition = readonly [name: string, result: string, takes: readonly string[]]

interface LibSystem {
  readonly path: string
  readonly arch: string
}

function library({ path, arch }: LibSystem) {
  const koffi = loadKoffi()
  const system = koffi.load(path)
  const definitions = darwinDefinitions(arch)
  const call = (name: Call) => system.func(...definitions[name])
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

const ownSystem: LibSystem = { path: '/usr/lib/libSystem.B.dylib', arch: process.arch }

/** The calls of the macOS that this runs on, through koffi. */
export function darwinCalls(libSystem: LibSystem = ownSystem): DarwinCalls {
  let loaded: ReturnType<typeof library> | null = null
  const system = () => (loaded ??= untouched(() => library(libSystem)))
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
