import { isWritable, notWritten, rulesOf } from '@varve/core/formats/writable-formats'
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
    const error = notWritten(source.report.format, request.target)
    return { kind: 'refusal', operation: 'clone', problems: [problemFromError(error)] }
  },
})

/** What a conversion to the same format would be asked for; null: the format is not written. */
export function asConversion(
  { source, target, ...choices }: CloneRequest,
  { report }: SourceFacts,
): ConvertRequest | null {
  const { format } = report
  if (!isWritable(format)) return null
  const subformat = kindOf(source.path, report)
  return ConvertRequest.parse({ ...choices, sources: [source], target, format, subformat })
}

/** The kind of the source where it is one that is written; a child of a chain becomes an image of the usual kind. */
function kindOf(path: string, { format, subformat }: SourceFacts['report']): string | null {
  if (!isWritable(format)) return null
  const { subformats, bundleSubformats = {} } = rulesOf(format)
  const [bundle] = Object.keys(bundleSubformats)
  if (bundle !== undefined && /\.hdd$|[/\\]DiskDescriptor\.xml$/iu.test(path)) return bundle
  return subformat !== null && subformats.includes(subformat) ? subformat : null
}
