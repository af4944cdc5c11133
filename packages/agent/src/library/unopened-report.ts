import { unknownPlace } from '@varve/core/image/unknown-place'
import type { ImageReport } from '@varve/core/image/image-report'
import { layerLine } from '@varve/core/layers/layer-line'
import type { FormatName } from '@varve/core/image/format-rules'
import { layerNumbers } from '@varve/core/problems/layer-number'
import type { Problem } from '@varve/core/problems/problem'

export interface Unopened {
  readonly path: string
  readonly format: FormatName
  readonly fileSize: number
  readonly problem: Problem
}

/** The report of a file that Varve does not open, with the reason as its one finding. */
export function unopenedReport({ path, format, fileSize, problem }: Unopened): ImageReport {
  return {
    path,
    format,
    subformat: null,
    virtualSize: null,
    fileSize,
    allocated: null,
    chain: [
      {
        path,
        format,
        subformat: null,
        virtualSize: null,
        fileSize,
        allocated: null,
        clusterSize: null,
        identity: { kind: 'none' },
      },
    ],
    layers: layerNumbers.map((layer) => ({
      layer,
      sure: 'unknown',
      ...layerLine(['Not looked at: the file was not opened']),
      notes: [],
      bands: [],
    })),
    guest: null,
    allocation: null,
    reclaimable: null,
    reclaim: [],
    snapshots: [],
    details: {},
    place: unknownPlace,
    problems: [problem],
  }
}
