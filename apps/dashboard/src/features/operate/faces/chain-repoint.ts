import { formatRules } from '@varve/core/image/format-rules'
import type { ChainRepointRequest } from '@varve/operations/chain-repoint/request'
import type { Face, Subject } from '../face.ts'
import { nameOf, pathProblem } from '../face-parts.ts'

export const chainRepointFace: Face = {
  operation: 'chain-repoint',
  verb: 'Repoint',
  about: 'Says another name for its parent; no byte of the guest is moved.',
  effect: 'changes',
  keywords: 'chain backing parent rename',
  ready: 'What is overwritten is kept: undo puts it back.',
  of: 'image',
  isForMany: false,
  defaults: () => ({ parent: '', proof: 'wanted' }),
  fields: () => [
    {
      kind: 'text',
      key: 'parent',
      label: 'Name of its parent in the library, or its path',
      width: 'half',
      placeholder: 'base/debian12.qcow2',
      problem: parentProblem,
    },
    {
      kind: 'choice',
      key: 'proof',
      label: 'Before its name is written',
      width: 'half',
      options: [
        { value: 'wanted', label: 'both parents are read and compared' },
        { value: 'waived', label: 'nothing is compared' },
      ],
    },
  ],
  request: (subject, { parent = '', proof }): ChainRepointRequest => ({
    image: nameOf(subject),
    parent: parent.trim(),
    parentFormat: null,
    proof: proof === 'waived' ? 'waived' : 'wanted',
    by: 'varve',
  }),
  unfit: noParent,
}

/** Why there is no parent to speak of; null: there is one. */
export function noParent({ row, report }: Subject): string | null {
  if (row && formatRules[row.format].parentLink === 'none')
    return `${formatRules[row.format].label} images have no parents`
  // A parent that is not found is not counted.
  const isLost = report?.problems.some(({ id }) => id === 'parent-missing') === true
  return row && row.chainLength < 2 && !isLost ? 'It has no parent' : null
}

/** Why that names no parent; null: it does. */
export function parentProblem(value: string): string | null {
  const path = value.trim()
  return /^(?:\/|[A-Za-z]:[\\/])/u.test(path) ? null : pathProblem(path)
}
