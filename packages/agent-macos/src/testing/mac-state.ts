import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs'

/** A part of an attached disk of the stand-in, or the disk itself. */
export interface StandInEntity {
  readonly device: string
  readonly content: string
  readonly size: number
  readonly offset: number | null
  /** Type of its filesystem as the engine names it; null: it holds none that macOS mounts. */
  readonly filesystem: string | null
  readonly name: string | null
  readonly role: string | null
  /** Of an APFS container and its volumes: the part that the container lies on. */
  readonly store: string | null
  mountPoint: string | null
}

export interface StandInDisk {
  /** As it was named by who attached it. */
  readonly image: string
  readonly device: string
  readonly pid: number
  readonly isWriteable: boolean
  readonly isEncrypted: boolean
  readonly size: number
  readonly shadow: string | null
  readonly entities: StandInEntity[]
}

/** A Mac of the tests. */
export interface MacState {
  disks: StandInDisk[]
  /** The next number that a disk gets. */
  next: number
  /** How often a device is still busy when it is to be taken away or unmounted. */
  busy: Record<string, number>
  /** By image: what opens it. */
  passphrases: Record<string, string>
  /** Images that are attached only after consent to a licence. */
  licences: string[]
  /** Below 26 there is no `diskutil image`. */
  release: number
  /** Messages in another language. */
  locale: 'C' | 'zh'
  /** Roles of the volumes of each APFS container that is attached; a name each. */
  apfsVolumes: { readonly name: string; readonly role: string | null }[]
  /** Verbs, such as `hdiutil attach`, that fail with this code. */
  failures: Record<string, number>
  /** Verbs that do their work, and never end. */
  hangs: string[]
  /** Tools with their arguments, without those that only read. */
  calls: string[][]
}

export const freshMac: MacState = {
  disks: [],
  next: 4,
  busy: {},
  passphrases: {},
  licences: [],
  release: 26,
  locale: 'C',
  apfsVolumes: [{ name: 'Data', role: null }],
  failures: {},
  hangs: [],
  calls: [],
}

export function readMac(path: string): MacState {
  return JSON.parse(readFileSync(path, 'utf8')) as MacState
}

/** Several tools at once keep one state. */
export function changeMac<T>(path: string, change: (state: MacState) => T): T {
  const lock = `${path}.lock`
  for (;;) {
    try {
      mkdirSync(lock)
      break
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
  try {
    const state = readMac(path)
    const result = change(state)
    writeFileSync(`${path}.new`, JSON.stringify(state))
    renameSync(`${path}.new`, path)
    return result
  } finally {
    rmdirSync(lock)
  }
}

export function writeMac(path: string, state: MacState): void {
  writeFileSync(path, JSON.stringify(state))
}
