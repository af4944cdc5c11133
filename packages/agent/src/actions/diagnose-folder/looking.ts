import type { SeenImage } from '@varve/engine/doctor/look-at-images'

/** A folder that the doctor looks at, and what is needed of the images in it. */
export interface Looking<Needed extends keyof SeenImage> {
  readonly folder: string
  readonly images: readonly Pick<SeenImage, Needed>[]
}
