import { DiskError } from '@varve/core/problems/disk-error'
import type { GuestContents } from '@varve/core/guest/guest-contents'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { openInput } from '@varve/engine/run/open-input'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { placesOf } from '@varve/operations/resize/targets'
import { imageInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'

/** What others have written is read by Varve itself. */
export const proveTable = nativeAdapter('prove-table', {
  calls: 'pread(2) of both copies of the partition table and of the superblocks',

  async run(input, { ports, signal }) {
    const source = imageInput({ path: input.work, format: 'vhdx', reading: {} }, ports)
    await using opened = await openInput(source, { io: 'async', signal })
    const fault = faultOf(await readGuestContents(opened.disk, { signal }), input)
    if (fault === null) return { end: input.start + input.size }
    throw new DiskError('refused', {
      file: input.name,
      reason: `its partition table is not what it should be: ${fault}`,
      remedy: 'The image itself is as it was. Keep it, and report this with the log of the run.',
      finding: 'table-differs',
      layer: 'L4',
    })
  },
})

/** What is wrong, as a clause; null: nothing. */
function faultOf({ table, problems }: GuestContents, input: ActionInput<'prove-table'>): string | null {
  const { kind, id, start, size, others } = input
  const wrong = problems.find(({ layer, severity }) => layer === 'L4' && severity !== 'info')
  if (wrong) return wrong.message
  if (table.kind !== kind) return `it is ${table.kind}, and was ${kind}`
  if (table.sure !== 'consistent') return 'it contradicts itself'
  if (table.id !== id) return `the disk is known by ${table.id ?? 'nothing'}, and was by ${id ?? 'nothing'}`
  const wanted = [...others, { start, length: size }].toSorted((one, other) => one.start - other.start)
  const found = placesOf(table)
  const isSame =
    found.length === wanted.length &&
    found.every((one, at) => one.start === wanted[at]?.start && one.length === wanted[at].length)
  if (isSame) return null
  const words = found.map((one) => `${one.start} to ${one.start + one.length}`).join(', ')
  return `its partitions lie at bytes ${words}`
}
