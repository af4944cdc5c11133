import { quote } from '@varve/core/problems/disk-error'
import type { LayerNumber } from '@varve/core/problems/layer-number'
import type { Problem } from '@varve/core/problems/problem'

interface Said {
  readonly id: string
  readonly layer: LayerNumber
  /** What follows the layer and the name of the file. */
  readonly why: string
  readonly remedy: string
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

/** A reason for which an operation is refused. */
export function blocking(file: string, { id, layer, why, remedy, details }: Said): Problem {
  const message = `${layer} ${quote(file)}: ${why}`
  return { id, severity: 'block', layer, file, message, remedy, ...(details && { details }) }
}
