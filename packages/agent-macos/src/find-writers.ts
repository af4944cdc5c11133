import { realpath } from 'node:fs/promises'
import { isBelow } from '@varve/agent/library/library-path'
import { isOwn } from '@varve/agent/platform/find-writers'
import type { MacHost } from '@varve/agent/platform/macos-host'
import type { FindWriters, OpenWriters, Use } from '@varve/agent/platform/platform'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import { byIdentity, type NamedUses } from '@varve/engine/in-use/windows-writers'
import { listOpenFiles } from './tools/lsof/commands.ts'
import type { OpenFile } from './tools/lsof/output.ts'

const lsof = '/usr/sbin/lsof'

export interface LsofOptions {
  readonly path?: string
  readonly isRoot?: boolean
}

/** Who uses which file: as a disk of macOS, and as a file that a program has open. */
export function findOpenAndAttached(mac: MacHost, open: FindWriters): FindWriters {
  return async (options = {}): Promise<OpenWriters> => {
    const { locks, descriptors, named = [] } = options
    // What is only read disturbs nobody who reads.
    const isReading = locks !== 'all' && descriptors !== 'all'
    const [opened, attached] = await Promise.all([open(options), attachedUses(mac, named, isReading)])
    const disks = await byIdentity([attached])
    return {
      of: (file) => [...disks.of(file), ...opened.of(file)],
      unseen: [...disks.unseen, ...opened.unseen],
    }
  }
}

/** A bundle is a folder: each file of it that is asked for is attached with it. */
async function attachedUses(mac: MacHost, named: readonly string[], isReading: boolean): Promise<NamedUses> {
  try {
    const images = (await mac.attachedImages()).filter(({ isReadOnly }) => !isReading || !isReadOnly)
    if (images.length === 0) return { uses: [], unseen: [] }
    const files = await Promise.all(named.map(async (path) => realpath(path).catch(() => path)))
    return {
      uses: images.flatMap(({ image, device }) => {
        const use: Use = { by: 'attached', machine: null, device }
        const parts = files.filter((path) => path !== image && isBelow(image, path))
        return [image, ...parts].map((path) => [path, use] as const)
      }),
      unseen: [],
    }
  } catch {
    return { uses: [], unseen: [{ what: 'tool-failed', tool: 'hdiutil' }] }
  }
}

/** Who uses which file, as lsof tells: of other users only to root. */
export function findByLsof(runner: ToolRunner, options: LsofOptions = {}): FindWriters {
  const { path = lsof, isRoot = process.geteuid?.() === 0 } = options
  return async ({ descriptors = 'writing' } = {}): Promise<OpenWriters> => {
    let files: readonly OpenFile[]
    try {
      files = await runner.run(listOpenFiles(), { path })
    } catch {
      return { of: () => [], unseen: [{ what: 'tool-failed', tool: 'lsof' }] }
    }
    const parents = new Map(files.map(({ pid, parent }) => [pid, parent]))
    const uses = new Map<string, Use[]>()
    for (const { pid, command, access, device, inode } of files) {
      const how = access === 'r' ? 'reads' : 'writes'
      if (isOwn(pid, (child) => parents.get(child) ?? 0)) continue
      if (how === 'reads' && descriptors === 'writing') continue
      const key = `${device}:${inode}`
      const known = uses.get(key) ?? []
      const isKnown = known.some((use) => use.by === 'process' && use.pid === pid && use.how === how)
      if (!isKnown) uses.set(key, [...known, { by: 'process', pid, command, how }])
    }
    return {
      of: ({ dev, ino }) => uses.get(`${dev}:${ino}`) ?? [],
      unseen: isRoot ? [] : [{ what: 'other-users' }],
    }
  }
}
