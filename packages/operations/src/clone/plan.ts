import { isWritable, notWritten, rulesOf } from '@varve/core/formats/writable-formats'
import { isMachineFolder } from '@varve/core/image/is-machine-folder'
import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError } from '@varve/core/problems/problem'
import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { ImageAddress } from '../actions/image-address.ts'
import type { CopyFacts, SourceFacts } from '../convert/facts.ts'
import { planCopies } from '../convert/plan.ts'
import { ConvertRequest, CopyChoices } from '../convert/request.ts'
import { defineOperation } from '../operation.ts'

export const CloneRequest = z.lazy(() => CopyChoices.unwrap().extend({ source: ImageAddress, target: Path }))
export type CloneRequest = z.infer<typeof CloneRequest>

/** Makes an image of the same disk and format with an identity of its own; the source is only read. */
export const cloneOperation = defineOperation<CloneRequest, CopyFacts>({
  name: 'clone',
  request: CloneRequest,
  paths: ['source.path', 'target'],
  plan(request, facts) {
    const [source] = facts.sources
    if (!source) return { kind: 'refusal', operation: 'clone', problems: [...facts.problems] }
    const asked = asConversion(request, source)
    if (asked) return planCopies('clone', asked, facts)
    const { report, address } = source
    const { format } = report
    const error = isMachineFolder(format) ? severalThings(address.path) : notWritten(format, request.target)
    return { kind: 'refusal', operation: 'clone', problems: [problemFromError(error)] }
  },
})

/** What a conversion to the same format would be asked for; null: the format is not written. */
export function asConversion(
  { source, target, ...choices }: CloneRequest,
  { report }: SourceFacts,
): ConvertRequest | null {
  const { format } = report
  if (!isWritable(format) || isMachineFolder(format)) return null
  const subformat = kindOf(source.path, report)
  return ConvertRequest.parse({ ...choices, sources: [source], target, format, subformat })
}

/** Its settings and its other disks would be lost. */
function severalThings(file: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: 'it is a machine, and what is written is a new one around one of its disks',
    remedy: 'Clone its disk by its own name, or convert it to a new machine.',
  })
}

/** The kind of the source where it is one that is written; a child of a chain becomes an image of the usual kind. */
function kindOf(path: string, { format, subformat }: SourceFacts['report']): string | null {
  if (!isWritable(format)) return null
  const { subformats, bundleSubformats = {}, bundleEnding } = rulesOf(format)
  const [bundle] = bundleEnding === undefined ? [] : Object.keys(bundleSubformats)
  if (bundle !== undefined && /\.hdd$|[/\\]DiskDescriptor\.xml$/iu.test(path)) return bundle
  return subformat !== null && subformats.includes(subformat) ? subformat : null
}
