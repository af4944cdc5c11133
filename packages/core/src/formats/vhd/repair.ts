import { FindingList, type CheckOptions } from '../../image/check-report.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { notRepairable, type RepairPlan } from '../../image/repair-plan.ts'
import { checkVhd, checkVhdBlocks, readFooters } from './check.ts'
import { footerSize } from './header.ts'
import { readVhdMetadata } from './metadata.ts'

/** Findings that a footer written from its valid copy puts right. */
const footerFindings: ReadonlySet<string> = new Set([
  'vhd-footer-copy-used',
  'vhd-footer-copy-damaged',
  'vhd-footers-differ',
  'vhd-checksum-wrong',
])

/**
 * Writes the footer of a dynamic disk from its copy at the start, or that copy from the footer. Refused unless exactly one
 * place is wrong, the other's checksum is right, and no block lies where the footer belongs.
 */
export async function repairVhd(file: ImageFile, options: CheckOptions = {}): Promise<RepairPlan> {
  const { path, source } = file
  const { totals, findings, isComplete } = await checkVhd(file, options)
  const ofFooters = findings.filter(({ id, kind }) => kind === 'corruption' && footerFindings.has(id))
  if (!isComplete || ofFooters.length !== totals.corruptions)
    throw notRepairable(path, 'more is wrong than a footer')
  if (totals.corruptions === 0) return { fixes: [], writes: [] }
  const metadata = await readVhdMetadata(file)
  const { blocks, footer } = metadata
  const { copy, last } = await readFooters(file)
  if (blocks === null || footer.dataOffset === null)
    throw notRepairable(path, 'a fixed disk has one footer only')
  if (last !== null) {
    if (isOther(copy, last)) {
      return {
        fixes: ['The copy of the footer at the start is written again.'],
        writes: [{ at: 0, bytes: last }],
      }
    }
    throw notRepairable(path, 'its dynamic header has a wrong checksum')
  }
  if (copy === null) throw notRepairable(path, 'neither the footer nor its copy has the right checksum')
  const unheard = new FindingList(path)
  const { usedEnd } = await checkVhdBlocks(file, metadata, { findings: unheard, blocks, options })
  const at = Math.max(usedEnd, source.size - footerSize)
  if (at > source.size) throw notRepairable(path, 'its last block is cut short')
  return {
    fixes: ['The footer at the end is written from its copy at the start.'],
    writes: [{ at, bytes: copy }],
  }
}

function isOther(copy: Uint8Array | null, last: Uint8Array): boolean {
  return copy === null || copy.some((byte, index) => byte !== last[index])
}
