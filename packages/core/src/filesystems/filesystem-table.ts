import type { RecogniseFilesystem } from './filesystem-finding.ts'
import { recognise as recogniseSwap } from './swap.ts'

/** Every filesystem that is recognised, in the order in which they are tried; `type` names it when reading fails. */
export const filesystemTable: readonly { readonly type: string; readonly recognise: RecogniseFilesystem }[] =
  [{ type: 'swap', recognise: recogniseSwap }]
