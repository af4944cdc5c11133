import { overlayFault, type BelowOverlay, type WantedOverlay } from '@varve/core/formats/overlay-fault'
import type { WritableFormat } from '@varve/core/formats/writable-formats'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'

interface Overlay extends WantedOverlay {
  readonly file: string
  readonly format: WritableFormat
}

/** Why `file` cannot be an overlay of what is below; empty: it can. */
export function overlayProblems({ file, format, ...wanted }: Overlay, below: BelowOverlay): Problem[] {
  const fault = overlayFault(format, wanted, below)
  if (!fault) return []
  const { id, reason, remedy } = fault
  return [{ id, severity: 'block', layer: 'L2', file, message: `L2 ${quote(file)}: ${reason}`, remedy }]
}
