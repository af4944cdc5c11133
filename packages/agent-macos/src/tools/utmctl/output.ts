import { DiskError } from '@varve/core/problems/disk-error'

/** A machine as `utmctl list` has it. */
export interface ListedMachine {
  /** Lower case. */
  readonly id: string
  /** Such as `stopped`, `started`, `paused`. */
  readonly state: string
  readonly name: string
}

const line = /^([0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}) (\S+) +(\S.*)$/iu

/**
 * The table of `utmctl list`: a header, then a line for each machine with its UUID, its state padded to eight characters, and
 * its name. It ends with 0 where UTM could not be asked too: without the header nothing was told, which throws `tool-failed`.
 */
export function parseMachineList(text: string): readonly ListedMachine[] {
  const [header = '', ...lines] = text.replaceAll('\r', '').split('\n')
  if (!/^UUID +Status +Name\s*$/u.test(header)) throw notTold('it printed no list of machines')
  return lines.flatMap((each) => {
    if (each.trim() === '') return []
    const [, id, state, name] = line.exec(each) ?? []
    if (id === undefined || state === undefined || name === undefined)
      throw notTold(`it printed a line that is no machine: ${JSON.stringify(each.slice(0, 80))}`)
    return [{ id: id.toLowerCase(), state, name }]
  })
}

function notTold(reason: string): DiskError {
  return new DiskError('tool-failed', { file: 'utmctl', tool: 'utmctl', exitCode: 0, stderr: reason })
}
