import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import type { Mending } from './mending.ts'

/** Something to mend, with what does it. */
export type Diagnosis = Problem & Mending

type Said = Pick<Diagnosis, 'id' | 'severity' | 'layer' | 'message' | 'remedy' | 'details'> & Mending

/** What is to be said of a file, which its message then begins with. */
export function finding({ path }: { readonly path: string }, said: Said): Diagnosis {
  return { ...said, file: path, message: `${said.layer} ${quote(path)}: ${said.message}` }
}
