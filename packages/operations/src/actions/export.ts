import { DiskError } from '@varve/core/problems/disk-error'
import { ExportRequest, ExportResult } from '@varve/protocol/jobs'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { release } from './release.ts'

/** Opens an image with its chain and serves its L3 over NBD, read-only, under a name made for one run. */
export const exportDisk = defineAction({
  name: 'export',
  layer: 'L3',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  isHeld: true,
  input: z.lazy(() => ExportRequest.unwrap().omit({ kind: true })),
  outcome: z.lazy(() => ExportResult.unwrap().omit({ kind: true })),
  words: ({ name }) => ({
    title: 'Export the source, read-only',
    does: `Opens ${name} with its chain and serves its block device over NBD under a name made for this run only.`,
  }),
  told: ({ endpoint: { host, port } }) => `NBD at ${host}:${port}, read-only`,
  undo: ({ exportName, library, name }) => [call(release, { exportName, library, name })],
  differs: (first, second) =>
    first.fingerprint === second.fingerprint
      ? null
      : new DiskError('source-changed', {
          file: 'the source',
          change: 'it was written between two attempts',
        }),
})
