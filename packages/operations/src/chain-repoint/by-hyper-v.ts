import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { checkImage } from '../actions/check-image.ts'
import { replaceImage } from '../actions/replace-image.ts'
import { setParent } from '../actions/set-parent.ts'
import { stageCopy } from '../actions/stage-copy.ts'
import { writingToolRules } from '../convert/writing-tools.ts'
import { step, type DraftStep } from '../plans/plan.ts'
import { freshId, from } from '../plans/wired.ts'
import type { ChainRepointFacts } from './facts.ts'
import type { ChainRepointRequest } from './request.ts'

const isOfHyperV = (format: string): format is 'vhd' | 'vhdx' => format === 'vhd' || format === 'vhdx'

/**
 * What Hyper-V writes is not known before, so that no undo file can keep it: a copy takes the place of the image, under whose
 * name the relative paths hold that Hyper-V writes, and the original is kept.
 */
export function stepsByHyperV(
  { image: { path, format }, parent }: NonNullable<ChainRepointFacts['repoint']>,
  host: string,
): DraftStep[] {
  if (!isOfHyperV(format)) return []
  const staged = { target: path, format, subformat: null }
  return [
    step(stageCopy, {
      id: 'copy',
      host,
      input: { source: path, image: { ...staged, staging: freshId } },
      needs: ['room for a copy of the file, unless the filesystem shares blocks'],
    }),
    step(replaceImage, {
      id: 'replace',
      host,
      input: { image: { ...staged, staging: from('copy', 'staging') }, quarantine: freshId },
      needs: ['nobody has the image open'],
    }),
    step(setParent, { id: 'repoint', host, input: { path, format, parent: parent.path } }),
    step(checkImage, { id: 'check', host, input: { image: { path, format, reading: {} }, name: null } }),
  ]
}

/** Why Hyper-V cannot do it. */
export function hyperVProblems(
  { image }: Pick<ChainRepointRequest, 'image'>,
  { hasHyperV, repoint }: ChainRepointFacts,
): Problem[] {
  const { label: tool, get: install } = writingToolRules['hyper-v']
  const isOther = repoint !== null && !isOfHyperV(repoint.image.format)
  const reason = 'Hyper-V knows the parents of VHD and VHDX'
  const remedy = 'Leave out --with: Varve writes it.'
  return [
    ...(hasHyperV === true ? [] : [new DiskError('tool-missing', { file: image, tool, install })]),
    ...(isOther ? [new DiskError('refused', { file: image, reason, remedy })] : []),
  ].map(problemFromError)
}
