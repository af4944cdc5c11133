import type { ImageFile } from '@varve/core/image/image-files'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import { openInput } from '@varve/engine/run/open-input'
import { hashLines } from '../library/fingerprint.ts'
import { toldParents } from '../library/inspect-told.ts'
import { findLibrary, resolveImage } from '../library/library-path.ts'
import type { OpenedDisk } from './export-table.ts'
import type { JobHandler, JobPorts } from './job-context.ts'

/** Opens the image with its chain and serves its L3, read-only. Repeated for an export that is open, it answers the same. */
export const exportJob: JobHandler<'export'> = async (request, { ports, signal }) => {
  const { exportName, expiresInSeconds, reader = null } = request
  const library = findLibrary(ports.libraries, request.library)
  const path = await resolveImage(library, request.name)
  const existing = ports.exports.find(exportName)
  if (existing?.path === path) return await answer(existing.opened, exportName, ports)
  const format = ports.formats.of(library.name, request.name)?.format ?? null
  const told = await toldParents(path, { format, choices: request.reading }, ports)
  const roots = ports.libraries.map(({ root }) => root)
  const opened = awake(
    await openInput(
      { kind: 'image', path, roots, format, choices: request.reading, told },
      { io: 'async', signal },
    ),
    ports.here.actions.keepAwake?.(),
  )
  try {
    if (request.inUse !== 'accept') await refuseWriters(opened.files, ports)
    signal.throwIfAborted()
    await ports.exports.add({ exportName, path, reader, expiresInSeconds, opened })
  } catch (error) {
    await opened[Symbol.asyncDispose]()
    throw error
  }
  return await answer(opened, exportName, ports)
}

/** What is read by others keeps this host from sleeping until it is closed. */
function awake(opened: OpenedDisk, keeping: Disposable | undefined): OpenedDisk {
  return {
    disk: opened.disk,
    files: opened.files,
    async [Symbol.asyncDispose]() {
      keeping?.[Symbol.dispose]()
      await opened[Symbol.asyncDispose]()
    },
  }
}

async function answer({ disk, files }: OpenedDisk, exportName: string, ports: JobPorts) {
  const { isSecure, ...address } = await ports.exportServer.listen().catch(async (error: unknown) => {
    await ports.exports.release(exportName, disk.name)
    throw error
  })
  return {
    kind: 'export' as const,
    endpoint: { ...address, exportName, ...(isSecure && { server: ports.here.name }) },
    virtualSize: disk.virtualSize,
    fingerprint: fingerprintOf(files),
  }
}

function fingerprintOf(files: readonly ImageFile[]): string {
  return hashLines(files.map(({ fingerprint }) => JSON.stringify(fingerprint)))
}

/** A disk that someone writes to would be copied as a mix of two of its states. */
async function refuseWriters(files: readonly ImageFile[], { findWriters }: JobPorts): Promise<void> {
  await assertNoUse(files, { find: findWriters })
}
