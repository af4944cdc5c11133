import type { RunUse, Unseen, Use } from '../problems/use.ts'

/** Uses that are named in one sentence, at most. */
const mostNamed = 3

/** Who it is, in words, such as `qemu-system-x86 (process 4242)`; at most three are named. */
export function describeUses(uses: readonly Use[]): string {
  const named = uses.slice(0, mostNamed).map(describeUse)
  const rest = uses.length - named.length
  return named.join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

/** The strongest of what they do. */
export function howOf(uses: readonly Use[]): 'writes' | 'locks' | 'reads' {
  const all = uses.map((use) => {
    if (use.by === 'process') return use.how
    if (use.by === 'lock') return 'locks'
    return ['checkpoints', 'export', 'child', 'machine'].includes(use.by) ? 'reads' : 'writes'
  })
  return all.includes('writes') ? 'writes' : all.includes('locks') ? 'locks' : 'reads'
}

/** One use in words. */
export function describeUse(use: Use): string {
  switch (use.by) {
    case 'process':
      return `${use.command} (process ${use.pid})`
    case 'lock':
      return `a program that holds a lock on it (${use.lock})`
    case 'loop':
      return `the loop device ${use.device}`
    case 'nbd':
      return `the NBD device ${use.device} (process ${use.pid})`
    case 'mapping':
      return `the device ${use.device}`
    case 'mount':
      return `the filesystem mounted at ${use.at}`
    case 'swap':
      return 'the system, which swaps to it'
    case 'kernel-target':
      return `the kernel's ${use.protocol === 'scsi' ? 'storage' : 'NVMe'} target ${use.target}`
    case 'attached':
      if (use.device !== undefined) return `macOS, which has it attached as ${use.device}`
      return use.machine === null ? 'Windows, which has mounted it' : `the machine ${use.machine}`
    case 'checkpoints':
      return `the checkpoints of the machine ${use.machine}`
    case 'distribution':
      return `the WSL distribution ${use.name}`
    case 'export':
      return `Varve, which serves it over NBD (process ${use.pid}${use.host === null ? '' : ` on ${use.host}`})`
    case 'run':
      return describeRun(use)
    case 'child':
      return `the image ${use.image} that is made over it`
    case 'machine':
      return `the machine that ${use.definition} describes`
  }
}

function describeRun({ run, operation, of, host }: RunUse): string {
  return `the run ${run} (${operation}) of ${of === 'fleet' ? 'the fleet' : `the command on ${host}`}`
}

/** What was not seen, in words that finish "it was not seen …"; null: everything was. */
export function describeUnseen(unseen: readonly Unseen[]): string | null {
  return unseen.length === 0 ? null : unseen.map(wordsOf).join('; ')
}

function wordsOf(unseen: Unseen): string {
  switch (unseen.what) {
    case 'processes-of-others': {
      const { count } = unseen
      return `which files ${count} ${count === 1 ? 'process' : 'processes'} of other users ${count === 1 ? 'has' : 'have'} open (their locks were seen)`
    }
    case 'not-told':
      return `which programs have it open: ${unseen.system} does not tell`
    case 'other-users':
      return 'which programs of other users have it open'
    case 'no-proc':
      return 'which programs have it open: /proc is not mounted'
    case 'tool-failed':
      return `which programs have it open: ${unseen.tool} did not tell`
  }
}
