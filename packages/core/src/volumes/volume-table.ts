import type { RecogniseVolume } from './volume-finding.ts'

/** Every kind of volume that is recognised, in the order in which they are tried. */
export const volumeTable: readonly { readonly type: string; readonly recognise: RecogniseVolume }[] = []
