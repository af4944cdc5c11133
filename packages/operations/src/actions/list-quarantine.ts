import { countOf } from '@varve/core/units/format-bytes'
import { Bytes, ErrorView, Path } from '@varve/protocol/primitives'
import { QuarantineEntryView } from '@varve/protocol/quarantine'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Looks what lies in the quarantines of folders. */
export const listQuarantine = defineAction({
  name: 'list-quarantine',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      /** Absolute; besides those that are known to have a quarantine. */
      folders: z.array(Path).max(1000).default([]),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      /** The newest first. */
      entries: z.array(
        QuarantineEntryView.unwrap().extend({
          digest: z.string().nullable(),
          files: z.array(z.object({ path: z.string(), bytes: Bytes })),
          /** The folder that keeps it. */
          entry: Path,
        }),
      ),
      faults: z.array(ErrorView),
    }),
  ),
  words: () => ({
    title: 'Look what lies in quarantine',
    does: 'Reads the manifests of what was put into quarantine, and changes nothing.',
  }),
  told: ({ entries }) => countOf(entries.length, 'image'),
  undo: () => [],
})
