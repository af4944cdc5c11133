import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { bundleFile, isSplit, nameOfKind } from '@varve/core/formats/writable-formats'
import { PullRequest, PullResult } from '@varve/protocol/jobs'
import { formatSeconds } from '@varve/protocol/migration-words'
import { JobId } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { discard } from './discard.ts'

/** Reads an export and writes it as a part file, flushed, not yet published. */
export const pull = defineAction({
  name: 'pull',
  layer: 'L2',
  lane: 'transfer',
  attempts: 5,
  isFinal: false,
  input: z.lazy(() => PullRequest.unwrap().omit({ kind: true })),
  outcome: z.lazy(() => PullResult.unwrap().omit({ kind: true }).extend({ pullId: JobId })),
  words({ target, format, subformat, compression }) {
    const kind = nameOfKind(format, subformat)
    const into = isSplit(format, subformat) || bundleFile(format, subformat) !== null ? 'folder' : 'part file'
    const compressed = compression === 'none' ? '' : ` (${compression} compressed)`
    return {
      title: `Pull and write ${kind}`,
      does: `Reads the disk over NBD and writes it as ${kind}${compressed} into a hidden ${into} in ${target.library}; digests it on the way. Zeros are not sent.`,
    }
  },
  told({ transferredBytes, seconds, fileSize }) {
    const rate = seconds > 0 ? ` at ${formatRate(transferredBytes / seconds)}` : ''
    return `${formatBytes(transferredBytes)} copied in ${formatSeconds(seconds)}${rate}; the file has ${formatBytes(fileSize)}`
  },
  undo: ({ pullId, target, format, subformat }) => [call(discard, { pullId, target, format, subformat })],
})
