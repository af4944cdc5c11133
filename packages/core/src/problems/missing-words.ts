import type { DiskErrorDetails } from './error-details.ts'
import { quote } from './quote.ts'

interface Words {
  readonly message: string
  readonly remedy: string
}

/** Folders or ids that are named, at most. */
const mostNamed = 6

/** What is not there, and what to do. */
export function whatIsMissing({
  runs,
  quarantines,
  candidates,
  thing,
}: DiskErrorDetails['not-found']): Words {
  if (thing !== undefined) return noThing[thing]
  if (runs !== undefined) return noRun(runs)
  if (quarantines !== undefined) return noEntry(quarantines, candidates)
  return { message: 'there is no such file', remedy: 'Check the name and the folder.' }
}

const noThing = {
  machine: {
    message: 'Hyper-V has no such machine any more',
    remedy: 'See which machines there are: Get-VM; then plan it again.',
  },
  checkpoint: {
    message: 'its machine has no such checkpoint any more',
    remedy: 'See which checkpoints there are: varve snapshot list IMAGE; then plan it again.',
  },
} as const

function noRun([first, ...others]: readonly string[]): Words {
  if (first === undefined)
    return { message: 'there is no run of that name', remedy: 'See what there is: varve runs.' }
  return {
    message: `${others.length + 1} runs begin so: ${[first, ...others].slice(0, 8).join(', ')}`,
    remedy: 'Say more of its name.',
  }
}

/** Why no entry of a quarantine is meant. */
function noEntry(folders: readonly string[], candidates: readonly string[] = []) {
  const named = (all: readonly string[]) =>
    all.slice(0, mostNamed).map(quote).join(', ') +
    (all.length > mostNamed ? ` and ${all.length - mostNamed} more` : '')
  const nothing = folders.length === 0 ? 'nothing is in any quarantine that is known' : named(folders)
  return {
    message:
      candidates.length > 0
        ? `several entries of quarantines begin so: ${named(candidates)}`
        : `no entry of a quarantine has that id; looked in: ${nothing}`,
    remedy:
      'varve quarantine lists what there is, varve quarantine FOLDER what lies below a folder; --folder FOLDER looks there.',
  }
}
