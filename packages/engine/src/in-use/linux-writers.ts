import { join } from 'node:path'
import { parseMountInfo } from '../file-ranges/mount-info.ts'
import type { ProcessUse, Use } from '@varve/core/problems/use'
import { filesOfKernel, nbdServers, relatedDevices, type Roots, usersOfDevice } from './linux-devices.ts'
import { deviceNumbers, makeDevice } from '../system/device-numbers.ts'
import { isWritersLock, type Lock, parseLocks, placeOf } from './linux-locks.ts'
import { readLockTable } from './lock-table.ts'
import { commandOf, lookAtProcesses } from './linux-processes.ts'
import { utf8Of } from './proc-files.ts'
import { type FileIdentity, type FindWritersOptions, isOwn, type OpenWriters } from './writers.ts'

/**
 * Who may write to which file, from procfs and sysfs: open descriptors, locks (QEMU's bytes are understood), loop devices,
 * mounts, mappings, swap. Files are told apart by device and inode, so that containers with other names for them are seen too.
 */
export async function findLinuxWriters(
  roots: Roots,
  { locks: counted = 'writers', descriptors = 'writing', only }: FindWritersOptions = {},
): Promise<OpenWriters> {
  const { proc, sys } = roots
  // Asked beside everything else.
  const lockTable = readLockTable(proc)
  const files = new Map<string, Use[]>()
  const devices = new Map<string, Use[]>()
  const { held, hidden } = await lookAtProcesses(proc, { counted: descriptors, only })
  const served = nbdServers(roots)
  for (const { stats, use } of [...held, ...filesOfKernel(roots, descriptors)]) {
    const device = use.by === 'process' ? served.get(use.pid) : undefined
    const known: Use =
      device === undefined || use.by !== 'process' ? use : { by: 'nbd', device, pid: use.pid }
    if (stats.isBlockDevice()) add(devices, deviceNumbers(stats.rdev).join(':'), known)
    else add(files, keyOf(stats), known)
  }
  const locks = Map.groupBy(parseLocks(await lockTable).filter(counts), ({ place }) =>
    place.slice(place.lastIndexOf(':') + 1),
  )
  const mounts = once(() => parseMountInfo(utf8Of(join(proc, 'self/mountinfo'))))
  return {
    of(file) {
      if (file.isBlockDevice?.() && file.rdev !== undefined) return deviceWriters(file.rdev)
      const known = files.get(keyOf(file)) ?? []
      const places = once(() => placesOf(file, mounts()))
      const locked = (locks.get(String(file.ino)) ?? []).filter(({ place }) => places().has(place))
      // Who holds the lock of a descriptor is known by the descriptor, unless it is another user's.
      return distinct([...known, ...locked.flatMap((lock) => holderOf(lock, { proc, known }))])
    },
    unseen: hidden === 0 ? [] : [{ what: 'processes-of-others', count: hidden }],
  }

  function counts(lock: Lock): boolean {
    return (counted === 'all' || isWritersLock(lock)) && !isOwn(lock.pid, () => 0)
  }

  function deviceWriters(rdev: bigint): readonly Use[] {
    const related = [...relatedDevices(rdev, sys).keys()]
    const open = related.flatMap((numbers) => devices.get(numbers) ?? [])
    return distinct([...open, ...usersOfDevice(rdev, roots)])
  }
}

function holderOf(
  { kind, pid }: Lock,
  { proc, known }: { readonly proc: string; readonly known: readonly Use[] },
): readonly Use[] {
  const isKnown = known.some((use) => 'pid' in use && use.pid === pid)
  if (isKnown) return []
  if (pid > 0) return [{ by: 'process', pid, command: commandOf(proc, pid), how: 'locks' }]
  return known.length > 0 ? [] : [{ by: 'lock', lock: kind }]
}

/** How the kernel may name the file in its table of locks: Btrfs and others tell stat(2) another device than there. */
function placesOf(
  { dev, ino }: FileIdentity,
  mounts: ReturnType<typeof parseMountInfo>,
): ReadonlySet<string> {
  const places = new Set([placeOf(dev, ino)])
  const [major] = deviceNumbers(dev)
  if (major !== 0n) return places
  for (const { device, filesystem } of mounts) {
    const [, minor] = device.split(':').map(BigInt)
    if (filesystem === 'btrfs' && minor !== undefined) places.add(placeOf(makeDevice(0n, minor), ino))
  }
  return places
}

function add(map: Map<string, Use[]>, key: string, writer: Use): void {
  const known = map.get(key)
  if (known) known.push(writer)
  else map.set(key, [writer])
}

/** Of one process only what matters most: several of its descriptors may be open. */
function distinct(uses: readonly Use[]): readonly Use[] {
  const found = new Map<string, Use>()
  for (const use of uses) {
    const key = use.by === 'process' ? `process ${use.pid}` : JSON.stringify(use)
    const before = found.get(key)
    if (before?.by !== 'process' || (use.by === 'process' && weight(use) > weight(before)))
      found.set(key, use)
  }
  return [...found.values()]
}

function weight({ how }: ProcessUse): number {
  return ['reads', 'locks', 'writes'].indexOf(how)
}

function keyOf({ dev, ino }: FileIdentity): string {
  return `${dev}:${ino}`
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}
