import type { ImagePorts } from '@varve/core/image/image-files'
import { inspectImage } from '@varve/core/layers/inspect-image'
import { toErrorRecord } from '@varve/core/problems/disk-error'
import type { HowToRead, Inspection } from './inspect-messages.ts'
import { recordingFiles } from './recording-files.ts'

/** Looks at one image and notes what its report depends on; what the look throws is its outcome. Blocks the thread. */
export async function inspectRecorded(
  path: string,
  { ports, how }: { readonly ports: ImagePorts; readonly how: HowToRead },
): Promise<Inspection> {
  const files = recordingFiles(ports.files)
  let parts: readonly string[] = []
  const onParts = (paths: readonly string[]) => {
    parts = paths
  }
  const outcome: Inspection['outcome'] = await inspectImage(
    path,
    { ...ports, files },
    { ...how, onParts },
  ).then(
    (report) => ({ report }),
    (error: unknown) => ({ error: toErrorRecord(error, path) }),
  )
  return { outcome, asked: files.asked, parts }
}
