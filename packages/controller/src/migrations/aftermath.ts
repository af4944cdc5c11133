import type { Migration } from '../store/migrations-store.ts'

/** What is left of an unfinished migration. */
export interface Remains {
  /** What it makes on the target. */
  readonly part: 'file' | 'volume'
  /** Whether the step after which there is no way back had begun. */
  readonly mayBePublished: boolean
  /** Hosts that were away when their part was to be undone. */
  readonly waitingFor: readonly string[]
  /** Undo that failed, in words. */
  readonly undoFailed: readonly string[]
  readonly remedy: string | null
  /** What is known of the source now: nobody but its own host can have changed or removed it. */
  readonly source: 'there' | 'changed' | 'gone'
}

const sourceWords = {
  there: 'was only read: Varve changed nothing in it.',
  changed: 'was written to by something else while it was read. Varve itself only reads it.',
  gone: 'is not in the inventory any more: it was deleted, moved or renamed. Varve itself only read it.',
} as const satisfies Record<Remains['source'], string>

/** What is written on the target before it has its name, and how it is found where nobody removes it. */
const parts = {
  file: { name: 'A hidden part file', found: '"varve leftovers" finds it there' },
  volume: {
    name: 'An unfinished volume',
    found: 'it is called varve-new- and an id, and "varve delete" on that host removes it',
  },
} as const

function partLeft(part: keyof typeof parts, library: string, host: string): string {
  return `${parts[part].name} may be left in ${library} on ${host}; it is removed when the agent there is back.`
}

/** The aftermath once the host was forgotten: nobody remembers then what is to be removed there. */
export function aftermathWithout(
  aftermath: string,
  { library, host }: { library: string; host: string },
): string {
  const forgotten = (part: keyof typeof parts) =>
    `${parts[part].name} may be left in ${library} on ${host}, which was forgotten since: ${parts[part].found}.`
  return (['file', 'volume'] as const).reduce(
    (text, part) => text.replace(partLeft(part, library, host), () => forgotten(part)),
    aftermath,
  )
}

/** For a failed or canceled migration: what is safe, and what to press. */
export function aftermathOf(
  { source, target }: Pick<Migration, 'source' | 'target'>,
  remains: Remains,
): string {
  const safe = `The source ${source.name} on ${source.host} ${sourceWords[remains.source]}`
  const published = remains.mayBePublished
    ? `${target.name} may already be under its final name on ${target.host}; what it holds was proven identical to the source.`
    : `Nothing was published on ${target.host} under the name ${target.name}.`
  const waiting = remains.waitingFor.map((host) => partLeft(remains.part, target.library, host))
  const failed = remains.undoFailed.map((reason) => `Cleaning up failed: ${reason}.`)
  const press = remains.mayBePublished
    ? `Rescan ${target.host} to see whether it is there; migrate again if it is not.`
    : `${remains.remedy === null ? '' : `${remains.remedy} `}${remains.source === 'gone' ? 'Migrate it again once it is back.' : 'Press Migrate to start again.'}`
  return [safe, published, ...waiting, ...failed, press].join(' ')
}
