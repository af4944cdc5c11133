import type { ServedImage } from '@varve/engine/serving/serve-image'

/** What this process serves, by its name; each goes when it ends. */
export const servedImages = new Map<string, ServedImage>()

/** Images that one process serves at a time. */
export const mostServed = 32
