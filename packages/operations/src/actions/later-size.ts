import { formatBytes } from '@varve/core/units/format-bytes'

/** Stands for a number that only an earlier step tells, in what is shown before it runs. */
export const laterNumber = 1

/** Bytes for people; of such a number that it is told later. */
export function sizeWords(bytes: number): string {
  return bytes <= laterNumber ? 'the size that an earlier step finds' : formatBytes(bytes)
}
