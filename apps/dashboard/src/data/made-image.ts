import type { RunImage } from '@varve/protocol/run-images'
import { fileName } from '../components/file-name.ts'

/** An image in the inventory. */
export interface MadeImage {
  readonly id: string
  /** Its last part. */
  readonly name: string
}

/** The one image that a run has made, where it is in the inventory; null: it made none, or several. */
export function madeImage(images: readonly RunImage[]): MadeImage | null {
  const made = images.filter(({ before, after }) => before === null && after !== null)
  const [only] = made
  if (made.length !== 1 || !only || only.image === null) return null
  return { id: only.image, name: fileName(only.path) }
}
