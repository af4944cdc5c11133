import { provenSince } from '@varve/engine/proofs/proof-store'
import { findLibrary, joinName } from '../library/library-path.ts'
import type { JobHandler } from './job-context.ts'

/** Of which images of a library a manifest is kept on this host. */
export const proofsJob: JobHandler<'proofs'> = async ({ library: name, names }, { ports, signal }) => {
  const library = findLibrary(ports.libraries, name)
  const { stateFolder } = ports.here.actions
  const provenAt: (string | null)[] = []
  for (const each of names) {
    signal.throwIfAborted()
    provenAt.push(
      stateFolder === undefined ? null : await provenSince({ stateFolder, path: joinName(library, each) }),
    )
  }
  return { kind: 'proofs', provenAt }
}
