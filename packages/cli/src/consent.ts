import type { ImageReport } from '@varve/core/image/image-report'
import { DiskError } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import { inputName } from '@varve/engine/run/open-input'
import type { DiskInput } from '@varve/engine/run/requests'
import type { InUse } from '@varve/engine/run/run-options'

export type ImageInput = DiskInput & { kind: 'image' }

/** The report of the image; throws `needs-consent` when the image has findings that ask for a word which `accept` (ids, comma-separated) does not give. */
export async function assertConsent(
  input: DiskInput,
  accept: string | undefined,
  signal: AbortSignal,
): Promise<ImageReport> {
  const report = await inspectInput(input, { signal })
  const open = openQuestions(report.problems, accept)
  if (open.length === 0) return report
  const unique = (values: readonly string[]) => [...new Set(values)]
  throw new DiskError('needs-consent', {
    file: inputName(input),
    ids: unique(open.filter(({ settledBy }) => settledBy === undefined).map(({ id }) => id)),
    choices: unique(open.flatMap(({ settledBy }) => settledBy ?? [])),
    findings: unique(open.map(({ message }) => message)),
  })
}

/** Whether a disk that others may write to is read all the same: `in-use` is among the ids of `accept`. */
export function inUseOf(accept: string | undefined): InUse {
  return idsOf(accept).has('in-use') ? 'accept' : 'ask'
}

/** The findings that ask and are not answered; a choice between readings is not answered by consent. */
export function openQuestions(problems: readonly Problem[], accept: string | undefined): Problem[] {
  const accepted = idsOf(accept)
  return problems.filter(
    ({ asks, settledBy, id }) => asks === true && (settledBy !== undefined || !accepted.has(id)),
  )
}

/** The ids that `--accept` names, comma-separated. */
export function idsOf(accept: string | undefined): ReadonlySet<string> {
  return new Set((accept ?? '').split(',').flatMap((id) => id.trim() || []))
}
