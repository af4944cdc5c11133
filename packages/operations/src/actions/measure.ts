import { formatBytes } from '@varve/core/units/format-bytes'
import { nameOfKind } from '@varve/core/formats/writable-formats'
import { MeasureRequest, MeasureResult } from '@varve/protocol/jobs'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Reads the block status of an export and compares the predicted size of the new image with what is free. */
export const measureExport = defineAction({
  name: 'measure',
  layer: 'L2',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  input: z.lazy(() => MeasureRequest.unwrap().omit({ kind: true })),
  outcome: z.lazy(() => MeasureResult.unwrap().omit({ kind: true })),
  words: ({ target, format, subformat }) => ({
    title: 'Measure and check the space',
    does: `Reads the block status of the export and compares the size that it can have as ${nameOfKind(format, subformat)} with what is free in ${target.library}.`,
  }),
  told({ dataBytes, copyBytes, required, available }) {
    const free = available === null ? '' : `, ${formatBytes(available)} free`
    const data = `${formatBytes(dataBytes)} of data`
    const chunks = copyBytes === null ? '' : ` in chunks of 4 MiB that make ${formatBytes(copyBytes)} to copy`
    return `${data}${chunks}; the file takes at most ${formatBytes(required)}${free}`
  },
  undo: () => [],
})
