import type { OpenFiles } from '@varve/engine/in-use/windows-open-files'

/** No program has a file open. */
export const nobodyElse: OpenFiles = { isWritten: () => false, usersOf: () => [] }
