import { countOf, formatBytes, formatWholeBytes, groupThousands } from '@varve/core/units/format-bytes'
import { chunkCount } from '@varve/core/digest/disk-digest'
import { layerNames, type LayerNumber } from '@varve/core/problems/layer-number'
import type { Proof } from '@varve/protocol/images'
import type { ImageReportView } from '@varve/protocol/reports'
import { Fragment, useMemo, type CSSProperties, type ReactNode } from 'react'
import { DigestText, TimeAgo } from '../../components/marks.tsx'
import { allocationToRuns } from './allocation-to-runs.ts'
import { bandsToSegments, type Segment } from './bands-to-segments.ts'
import styles from './layer-stack.module.css'
import { sizeToTicks } from './size-to-ticks.ts'

type LayerView = ImageReportView['layers'][number]

interface LayerStackProps {
  readonly report: ImageReportView
  readonly proof: Proof | null
}

/**
 * The disk as bands from the guest's files down to the media. All bands from L7 to L2 share one axis, the virtual
 * disk's address space; L1 is the file. The dashed line is the boundary between guest and host.
 */
export function LayerStack({ report, proof }: LayerStackProps) {
  const size = report.virtualSize ?? 0
  const ticks = useMemo(() => sizeToTicks(size), [size])
  return (
    <section className={styles.stack} aria-label="Layers of this disk">
      <div className={styles.axis}>
        <span>Layer</span>
        <div className={styles.ticks} aria-hidden>
          {ticks.map(({ bytes, at }) => (
            <span key={at} className={styles.tick} style={{ left: `${at * 100}%` }}>
              {bytes === 0 ? '0' : formatWholeBytes(bytes)}
            </span>
          ))}
        </div>
      </div>
      <div>
        {report.layers.map((view) => (
          <Fragment key={view.layer}>
            {view.layer === 'L3' && (
              <div className={styles.boundary}>
                <span>guest ↑&ensp;host ↓</span>
                <span>what the guest sees is this byte stream, and nothing else</span>
              </div>
            )}
            <LayerRow view={view}>
              <LayerContent view={view} report={report} proof={proof} />
            </LayerRow>
          </Fragment>
        ))}
      </div>
      <Legend hasReclaimable={report.allocation?.reclaimable !== null && report.allocation !== null} />
    </section>
  )
}

function LayerRow({ view, children }: { readonly view: LayerView; readonly children: ReactNode }) {
  return (
    <div
      className={styles.row}
      style={layerColours(view.layer)}
      role="group"
      aria-label={layerNames[view.layer]}
    >
      <div className={styles.tag}>
        <span className={styles.layer}>{view.layer}</span>
        <span className={styles.name}>{layerNames[view.layer]}</span>
      </div>
      <div className={styles.content}>{children}</div>
    </div>
  )
}

function layerColours(layer: LayerNumber): CSSProperties & Record<`--${string}`, string> {
  return {
    '--layer': `var(--varve-${layer})`,
    '--layer-text': `var(--varve-${layer}-text)`,
    '--layer-band': `var(--varve-${layer}-band)`,
    '--layer-on': `var(--varve-${layer}-on)`,
  }
}

function LayerContent({ view, report, proof }: LayerStackProps & { readonly view: LayerView }) {
  const size = report.virtualSize ?? 0
  switch (view.layer) {
    case 'L3':
      return (
        <>
          <Summary view={view} />
          <ProofLine proof={proof} />
        </>
      )
    case 'L2':
      return (
        <>
          {report.allocation && <AllocationStrip report={report} />}
          <Summary view={view} />
        </>
      )
    case 'L1':
      return (
        <>
          <FileBar report={report} />
          <Summary view={view} />
        </>
      )
    case 'L7':
    case 'L6':
    case 'L5':
    case 'L4':
    case 'L0':
      return (
        <>
          {view.bands.length > 0 && <Bands segments={bandsToSegments(view.bands, size)} />}
          <Summary view={view} />
        </>
      )
  }
}

function Summary({ view }: { readonly view: LayerView }) {
  return (
    <>
      <div className={styles.line}>
        {partsOf(view).map(({ text, tone }, index) => (
          <Fragment key={`${index} ${text}`}>
            {index > 0 && ' · '}
            {tone === 'warn' ? (
              <em>{text}</em>
            ) : index === 0 && isFound(view) ? (
              <strong>{text}</strong>
            ) : (
              text
            )}
          </Fragment>
        ))}
        {view.sure === 'recognised' && ' · only its signature was seen'}
      </div>
      {view.notes.length > 0 && (
        <details className={styles.notes}>
          <summary>{countOf(view.notes.length, 'note')}</summary>
          <ul>
            {view.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}

/** A report of before lines had parts is told as it is. */
function partsOf({ parts, summary }: LayerView): LayerView['parts'] {
  return parts.length > 0 ? parts : [{ text: summary, tone: 'plain' }]
}

function isFound({ sure }: LayerView): boolean {
  return sure !== 'none' && sure !== 'unknown'
}

function ProofLine({ proof }: { readonly proof: Proof | null }) {
  if (!proof) return <div className={styles.line}>no digest yet: take a proof to have one</div>
  return (
    <div className={styles.line}>
      <strong>
        <DigestText digest={proof.digest} />
      </strong>
      &ensp;digest of {groupThousands(chunkCount(proof.virtualSize))} chunks, taken{' '}
      <TimeAgo at={proof.takenAt} />
    </div>
  )
}

/** Narrower than this share of the axis, words would only be cut off. */
const wordsNeed = 0.05

function Bands({ segments }: { readonly segments: readonly Segment[] }) {
  return (
    <div className={styles.bands}>
      {segments.map((segment) => {
        const { key, left, width, usedShare } = segment
        const place = { left: `${left * 100}%`, width: `${width * 100}%` }
        const isNarrow = width < wordsNeed
        return (
          <div
            key={key}
            className={styles.band}
            style={place}
            data-kind={segment.kind}
            data-narrow={isNarrow || undefined}
            data-split={(usedShare !== null && !isNarrow) || undefined}
            role="img"
            aria-label={bandTitle(segment)}
            title={bandTitle(segment)}
          >
            {!isNarrow && <BandWords segment={segment} />}
          </div>
        )
      })}
    </div>
  )
}

function BandWords({ segment }: { readonly segment: Segment }) {
  const { label, usedShare, width, free } = segment
  if (usedShare === null) return label
  const usedWidth = usedShare * width
  // The words go where there is room for them: on what is used, or else on what is free.
  const isRoomy = usedWidth >= 0.2
  return (
    <>
      <span
        className={styles.used}
        style={{ width: `${usedShare * 100}%` }}
        data-narrow={!isRoomy || undefined}
      >
        {isRoomy && label}
      </span>
      <span className={styles.free}>
        {isRoomy ? '' : `${label} · `}
        {free === null ? '' : `${formatBytes(free)} free`}
      </span>
    </>
  )
}

function bandTitle({ label, start, length, used, free }: Segment): string {
  const inside = [
    used === null ? null : `${formatBytes(used)} used`,
    free === null ? null : `${formatBytes(free)} free`,
  ].filter((part) => part !== null && !label.includes(part))
  return [label, ...inside, `from ${formatBytes(start)} to ${formatBytes(start + length)}`].join(', ')
}

const runWords = {
  data: 'data',
  reclaimable: 'allocated, but free in the guest',
  zero: 'zero',
  absent: 'absent',
} as const

function AllocationStrip({ report }: { readonly report: ImageReportView }) {
  const { allocation, virtualSize, reclaimable } = report
  const runs = useMemo(
    () => (allocation && virtualSize ? allocationToRuns(allocation, virtualSize) : []),
    [allocation, virtualSize],
  )
  if (!allocation) return null
  const words =
    `${formatBytes(allocation.dataBytes)} data, ${formatBytes(allocation.zeroBytes)} zero, ` +
    `${formatBytes(allocation.absentBytes)} absent` +
    (reclaimable === null ? '' : `; ${formatBytes(reclaimable)} of the data is free in the guest`)
  return (
    <div className={styles.runs} role="img" aria-label={words}>
      {runs.map(({ kind, quarters, left, width }) => (
        <span
          key={left}
          className={styles.run}
          data-kind={kind}
          data-quarters={quarters}
          title={`${runWords[kind]}, from ${formatBytes(left * (virtualSize ?? 0))}`}
          style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
        />
      ))}
    </div>
  )
}

function FileBar({ report }: { readonly report: ImageReportView }) {
  const { allocated, fileSize, virtualSize } = report
  if (allocated === null || fileSize === 0) return null
  // The file is drawn on the disk's axis when it is smaller, so that its length can be compared with L2's.
  const scale = Math.max(fileSize, virtualSize ?? 0, allocated)
  return (
    <div
      className={styles.file}
      role="img"
      aria-label={`${formatBytes(allocated)} on disk of a file of ${formatBytes(fileSize)}`}
    >
      <span className={styles.fileUsed} style={{ width: `${(allocated / scale) * 100}%` }} />
      <span className={styles.fileHoles} />
    </div>
  )
}

function Legend({ hasReclaimable }: { readonly hasReclaimable: boolean }) {
  const kinds = (['data', 'zero', 'absent', 'reclaimable'] as const).filter(
    (kind) => kind !== 'reclaimable' || hasReclaimable,
  )
  return (
    <div className={styles.legend}>
      <div className={styles.keys}>
        {kinds.map((kind) => (
          <span key={kind} className={styles.key}>
            <span className={styles.swatch} data-kind={kind} aria-hidden />
            {runWords[kind]}
          </span>
        ))}
      </div>
    </div>
  )
}
