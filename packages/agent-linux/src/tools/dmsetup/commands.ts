import { basename } from 'node:path'
import type { ToolCommand } from '@varve/agent/tools/tool-command'
import type { MappedPiece } from '@varve/operations/actions/attached-device'

interface Mapping {
  /** Below /dev/mapper. */
  readonly mapped: string
  /** The device of a partition; null: of all. */
  readonly deviceOf: (partition: number | null) => string
  readonly isReadOnly: boolean
  readonly pieces: readonly MappedPiece[]
}

/** `dmsetup create --concise`: the whole table is one argument. Names and devices have none of its marks. */
export function createCommand({ mapped, deviceOf, isReadOnly, pieces }: Mapping): ToolCommand<null> {
  let start = 0
  const table = pieces.map(({ size, chunk, stripes }) => {
    const places = stripes.map(({ partition, at }) => `${deviceOf(partition)} ${sectors(at)}`)
    const kind = stripes.length === 1 ? 'linear' : `striped ${stripes.length} ${sectors(chunk)}`
    const line = `${sectors(start)} ${sectors(size)} ${kind} ${places.join(' ')}`
    start += size
    return line
  })
  const name = basename(mapped)
  return {
    tool: 'dmsetup',
    args: ['create', '--concise', [name, '', '', isReadOnly ? 'ro' : 'rw', ...table].join(',')],
    parse: () => null,
  }
}

/** `dmsetup remove`; 1: there is none of that name, or somebody uses it. */
export function removeCommand(mapped: string): ToolCommand<null> {
  return {
    tool: 'dmsetup',
    args: ['remove', '--retry', basename(mapped)],
    expected: [0, 1],
    parse: () => null,
  }
}

const sectors = (bytes: number) => bytes / 512
