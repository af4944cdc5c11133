import { isOwn } from '@varve/agent/platform/find-writers'
import type { FindWriters, OpenWriters, Use } from '@varve/agent/platform/platform'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import { listOpenFiles } from './tools/lsof/commands.ts'
import type { OpenFile } from './tools/lsof/output.ts'

const lsof = '/usr/sbin/lsof'

export interface LsofOptions {
  readonly path?: string
  readonly isRoot?: boolean
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
