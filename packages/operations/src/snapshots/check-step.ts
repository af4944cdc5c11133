import { checkImage } from '../actions/check-image.ts'
import { step, type DraftStep } from '../plans/plan.ts'
import type { SnapshotFacts } from './facts.ts'

/** After each change the image is checked. */
export function checkStep({
  host,
  path,
  format,
}: Pick<SnapshotFacts, 'host' | 'path' | 'format'>): DraftStep {
  return step(checkImage, { id: 'check', host, input: { image: { path, format, reading: {} }, name: null } })
}

export const closedNeeds = ['nobody has the image open', 'qemu-img']
