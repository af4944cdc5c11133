import { lstatSync, readdirSync } from 'node:fs'
import { areEqual, flagsOf, setFlags } from '../digest-files/file-flags.ts'
import { withNearPath } from '../digest-files/near-path.ts'

interface CopiedFlags {
  readonly from: string
  readonly to: string
  /** Called often, so that somebody sees that it goes on. */
  readonly onEntry: () => void
}

/** Gives the files and folders of a copy the flags of the originals, folders after what is in them; how many were changed. */
export function copyTreeFlags({ from, to, onEntry }: CopiedFlags): number {
  let changed = 0
  function visit(old: Buffer, copy: Buffer): void {
    onEntry()
    const stats = lstatSync(old)
    if (!stats.isFile() && !stats.isDirectory()) return
    if (stats.isDirectory())
      withNearPath(old, (nearOld) =>
        withNearPath(copy, (nearCopy) => {
          for (const name of readdirSync(nearOld, { encoding: 'buffer' }))
            visit(Buffer.concat([nearOld, slash, name]), Buffer.concat([nearCopy, slash, name]))
        }),
      )
    const wanted = flagsOf(old)
    if (wanted === null || areEqual(wanted, flagsOf(copy))) return
    setFlags(copy, wanted)
    changed += 1
  }
  visit(Buffer.from(from), Buffer.from(to))
  return changed
}

const slash = Buffer.from('/')
