import type { FilesystemFinding } from '../layers/guest-contents.ts'

/** What the notes of a hibernated Windows filesystem say. */
export const hibernationNote =
  'its Windows is hibernated, or was shut down by Fast Startup (hiberfil.sys holds a session)'

/** Whether a session of its guest is saved in it: what is written to it from outside breaks that session. */
export function isHibernated({ notes }: Pick<FilesystemFinding, 'notes'>): boolean {
  return notes.includes(hibernationNote)
}
