import type { HostPlace } from './image-files.ts'

/** Of a place of which nothing is known. */
export const unknownPlace: HostPlace = {
  filesystem: null,
  mountPoint: null,
  free: null,
  total: null,
  copyOnWrite: null,
  media: null,
}
