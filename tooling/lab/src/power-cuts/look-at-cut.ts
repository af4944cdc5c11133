import type { Machine } from './restarted-host.ts'
import type { Subject } from './subjects.ts'

/** What the image was found to be after a power cut, before anything went on. */
export type Found = 'original' | 'result'

/** What tells image and result apart, and that nothing is lost. */
export interface Expected {
  readonly original: string
  readonly result: string
  /** What is in it, in both. */
  readonly inside: string
}

export interface Look {
  readonly found: Found
  /** The step that the run was at, as its journal says. */
  readonly at: string
}

/** Where commands of a subject are run. */
export const inWork = 'export XDG_STATE_HOME=/mnt/disk/state; cd /mnt/disk/work'

/**
 * Looks at what a power cut left: the image as it was, or the result, whole. What is unfinished is then gone on with, and what
 * never began is begun; at the end there must be the result, the original in quarantine, and nothing else. Throws at what is not so.
 */
export async function lookAtCut(machine: Machine, subject: Subject, expected: Expected): Promise<Look> {
  const found = await look(machine, subject, expected)
  const at = await machine.ok(`${inWork}; set -e; ${goOn(subject)}`)
  const ended = await look(machine, subject, expected)
  if (ended !== 'result') throw new Error('the run has ended, and the result is not there')
  await machine.ok(`${inWork}; set -e; ${nothingLeft(subject)}`)
  return { found, at }
}

function goOn({ operation }: Subject): string {
  return `runs=$(varve runs --json)
    jq -r 'if . == [] then "nothing" elif .[0].state == "succeeded" then "its end" else [.[0].steps[] | select(.state != "waiting") | .id] | last // "its beginning" end' <<<$runs
    if [ "$runs" = '[]' ]; then ${operation} >&2; fi
    for run in $(jq -r '.[] | select(.state != "succeeded") | .run' <<<$runs); do varve runs "$run" --resume --yes >&2; done
    [ -z "$(compgen -G '/mnt/disk/state/varve/runs/*.jsonl')" ]
    [ "$(varve attached --json | jq -c .attached)" = '[]' ]`
}

/** The quarantine has the original to the byte; nothing hidden lies beside it. That no device holds a file of the disk is seen when it is unmounted. */
function nothingLeft({ name }: Subject): string {
  return `left=$(echo $(ls -A)); [ "$left" = '.varve-quarantine ${name}' ] || { echo "left: $left" >&2; exit 1; }
    find .varve-quarantine -type f -exec cmp -s {} /mnt/disk/pristine/${name} \\; -print | grep -q .`
}

/** The original is so to the byte; of anything else all is looked at. Varve itself is not asked. */
async function look(machine: Machine, { name, mark, facts }: Subject, expected: Expected): Promise<Found> {
  const isSame = await machine.ok(
    `${inWork} && [ -e ${name} ] || exit 2; cmp -s /mnt/disk/pristine/${name} ${name} && echo yes || echo no`,
  )
  if (isSame === 'yes') return 'original'
  const inside = await machine.ok(`${inWork}; ${facts}`)
  if (inside !== expected.inside) throw new Error(`what is in it differs:\n${inside}\n${expected.inside}`)
  const found = await machine.ok(`${inWork}; ${mark}`)
  if (found === expected.result) return 'result'
  throw new Error(`it is neither the original nor the result: ${found}`)
}
