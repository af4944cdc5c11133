import { statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { linkOf, namesIn, textOf, utf8Of } from '@varve/engine/in-use/proc-files'
import { deviceNumbers } from '@varve/engine/system/device-numbers'

export interface ThinPool {
  readonly group: string
  readonly pool: string
}

/** A stack of devices that is deeper has a circle, or is none. */
const deepest = 32

/** The thin pool of LVM that the blocks of a device come from, through partitions, loop devices and mappings; null: none. */
export function thinPoolBelow(device: string, sys = '/sys'): ThinPool | null {
  function below(folder: string, depth: number): ThinPool | null {
    if (depth > deepest) return null
    const own = poolOf(folder)
    if (own !== null) return own
    const file = utf8Of(join(folder, 'loop/backing_file')).replace(/\n$/u, '')
    const lower = [
      ...namesIn(join(folder, 'slaves')).map((name) => join(sys, 'class/block', name)),
      ...(file === '' ? [] : [folderOf(file, sys)]),
      ...(textOf(join(folder, 'partition')) === '' ? [] : [dirname(realFolder(folder))]),
    ]
    for (const one of lower) {
      const found = one === null ? null : below(one, depth + 1)
      if (found !== null) return found
    }
    return null
  }
  const start = folderOf(device, sys)
  return start === null ? null : below(start, 0)
}

/** The pool that the mapping is, as LVM names it: `GROUP-POOL-tpool`, with hyphens of each name doubled. */
function poolOf(folder: string): ThinPool | null {
  if (!/^LVM-\w{64}-tpool$/u.test(textOf(join(folder, 'dm/uuid')).trim())) return null
  const [group, pool] = textOf(join(folder, 'dm/name'))
    .trim()
    .split(/(?<!-)-(?!-)/u)
    .map((word) => word.replaceAll('--', '-'))
  return group === undefined || pool === undefined ? null : { group, pool }
}

/** Where the kernel tells of a block device; null: it is none, or not there. */
function folderOf(path: string, sys: string): string | null {
  try {
    const stats = statSync(path, { bigint: true })
    if (stats.isBlockDevice()) return join(sys, 'dev/block', deviceNumbers(stats.rdev).join(':'))
    return null
  } catch {
    // Named as the kernel names it, where there is no node of it.
    const named = join(sys, 'class/block', basename(path))
    return textOf(join(named, 'dev')) === '' ? null : named
  }
}

function realFolder(folder: string): string {
  const link = linkOf(folder)
  return link === '' ? folder : resolve(dirname(folder), link)
}
