import { join } from 'node:path'
import type { Roots } from '../in-use/linux-devices.ts'
import { linkOf, namesIn, textOf } from '../in-use/proc-files.ts'

/** The processes that stand in a folder, run a program of it or have a file of it open. */
export function processesIn(
  folder: string,
  { proc }: Pick<Roots, 'proc'>,
): readonly { pid: number; command: string }[] {
  const isIn = (path: string) => path === folder || path.startsWith(`${folder}/`)
  return namesIn(proc)
    .filter((name) => /^\d+$/u.test(name))
    .filter((pid) => {
      const own = ['cwd', 'root', 'exe'].map((name) => join(proc, pid, name))
      if (own.some((link) => isIn(linkOf(link)))) return true
      const descriptors = join(proc, pid, 'fd')
      return namesIn(descriptors).some((name) => isIn(linkOf(join(descriptors, name))))
    })
    .map((pid) => ({ pid: Number(pid), command: textOf(join(proc, pid, 'comm')).trim() }))
}
