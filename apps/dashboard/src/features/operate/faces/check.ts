import { formatRules } from '@varve/core/image/format-rules'
import type { Face } from '../face.ts'
import { address, nameOf } from '../face-parts.ts'

export const checkFace: Face = {
  operation: 'check',
  verb: 'Check',
  about: 'Walks all its tables and says where they contradict each other.',
  effect: 'reads',
  keywords: 'fsck corrupt leaks consistent',
  ready: 'It is only read.',
  of: 'image',
  isForMany: true,
  defaults: () => ({}),
  fields: () => [],
  request: (subject) => ({ image: address(nameOf(subject)) }),
  unfit: ({ row }) =>
    row?.format === 'raw' ? `${formatRules.raw.label} images have no tables to check` : null,
}
