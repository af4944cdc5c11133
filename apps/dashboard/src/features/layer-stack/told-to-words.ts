import type { ImageView } from '@varve/protocol/images'

/** Who said the format that an image is read as. */
export function toldToWords(told: ImageView['told']): string {
  if (told === null) return 'Nobody said its format: it is detected.'
  if (told.scope === 'image') return 'Said for this image; remembered for scans, plans and copies.'
  const folder = told.name === '' ? 'the whole library' : `the folder ${told.name}/`
  return `${told.format} is said for ${folder}.`
}
