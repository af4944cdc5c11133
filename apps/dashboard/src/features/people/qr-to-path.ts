import { encode } from 'uqr'

export interface QrPath {
  /** Cells on a side, with the margin. */
  readonly size: number
  readonly path: string
}

const margin = 4

/** A text as the dark cells of a QR code. */
export function qrToPath(text: string): QrPath {
  const { data, size } = encode(text, { ecc: 'M', border: margin })
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
  return { size, path: path.join('') }
}
