import { countOf, formatBytes, groupThousands } from '@varve/core/units/format-bytes'
import type { ActionOutcome } from '@varve/operations/actions/action-table'
import { FactList } from '../../../components/fact-list.tsx'
import { ByteSize, DigestText, LayerTag, TimeAgo } from '../../../components/marks.tsx'
import { ProblemList } from '../../../components/states.tsx'
import { DiskStrip } from './disk-strip.tsx'
import { Verdict } from './parts.tsx'
import { rangesToCells } from './ranges-to-cells.ts'
import styles from './result.module.css'

const chunkSize = 4 * 2 ** 20

/** The digest of a disk. */
export function DigestResult({ of }: { readonly of: ActionOutcome<'digest-image'> }) {
  const { digest, sha256, virtualSize, dataBytes, seconds } = of
  return (
    <FactList
      facts={[
        ['Digest', <DigestText key="digest" digest={digest} groups={{ first: 8, last: 8 }} />],
        ['SHA-256', sha256 === null ? null : <DigestText key="sha" digest={sha256} />],
        ['Disk', <ByteSize key="size" bytes={virtualSize} />],
        ['Data', <ByteSize key="data" bytes={dataBytes} />],
        ['Read in', `${seconds.toFixed(1)} s`],
      ]}
    />
  )
}

/** Whether an image still holds what it held, and where not. */
export function VerifyResult({ of }: { readonly of: ActionOutcome<'verify-image'> }) {
  const { state, digest, expected, provenAt, virtualSize, differing, ranges, layers, filesChanged } = of
  const spans = ranges.map(({ start, end }) => ({ start, length: end - start, kind: 'changed' as const }))
  return (
    <>
      {state === 'proven' && <Verdict tone="good">It still holds what its manifest says.</Verdict>}
      {state === 'kept' && <Verdict tone="good">A manifest of what it holds now is kept.</Verdict>}
      {state === 'differs' && (
        <>
          <Verdict tone="bad">
            It has changed: {countOf(differing, 'chunk')} of{' '}
            {groupThousands(Math.ceil(virtualSize / chunkSize))} {differing === 1 ? 'differs' : 'differ'}.
          </Verdict>
          <DiskStrip
            cells={rangesToCells(spans, { size: virtualSize, order: ['changed'] })}
            label={`Changed: ${ranges
              .slice(0, 5)
              .map(({ start, end }) => `${formatBytes(start)} to ${formatBytes(end)}`)
              .join(', ')}${ranges.length > 5 ? ' and more' : ''}`}
          />
          {layers.length > 0 && (
            <ul className={styles.layers} aria-label="Layers that changed">
              {layers.map(({ layer, what, bytes }) => (
                <li key={`${layer} ${what}`}>
                  <LayerTag layer={layer} />
                  <span>
                    {what}: {formatBytes(bytes)}
                  </span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
      <FactList
        facts={[
          ['It holds', <DigestText key="digest" digest={digest} />],
          ['It held', expected === null ? null : <DigestText key="expected" digest={expected} />],
          ['Kept', <TimeAgo key="at" at={provenAt} />],
          ['Written to since', filesChanged.length === 0 ? null : filesChanged.join(', ')],
        ]}
      />
    </>
  )
}

/** How large an image can become. */
export function MeasureResult({ of }: { readonly of: ActionOutcome<'measure-image'> }) {
  const { virtualSize, dataBytes, required } = of
  return (
    <>
      <Verdict tone="plain">
        It would take at most <ByteSize bytes={required} />.
      </Verdict>
      <FactList
        facts={[
          ['Disk', <ByteSize key="size" bytes={virtualSize} />],
          ['Data', <ByteSize key="data" bytes={dataBytes} />],
        ]}
      />
    </>
  )
}

/** Whether two images hold the same disk. */
export function CompareResult({ of }: { readonly of: ActionOutcome<'compare-images'> }) {
  const { identical, virtualSizes, firstDifference, tail } = of
  const [a, b] = virtualSizes
  return (
    <>
      <Verdict tone={identical ? 'good' : 'bad'}>
        {identical ? 'They hold the same disk, byte by byte.' : 'They hold different disks.'}
      </Verdict>
      <FactList
        facts={[
          [
            'First difference',
            firstDifference === null ? null : `at byte ${groupThousands(firstDifference)}`,
          ],
          ['Sizes', a === b ? <ByteSize key="size" bytes={a} /> : `${formatBytes(a)} and ${formatBytes(b)}`],
          ['What is longer holds', tail === null ? null : tail === 'zeros' ? 'zeros only' : 'data'],
        ]}
      />
    </>
  )
}

/** Where a disk holds data. */
export function MapResult({ of }: { readonly of: ActionOutcome<'map-image'> }) {
  const { extents, cutAt } = of
  const sums = { data: 0, zero: 0, absent: 0 }
  for (const { length, content } of extents) sums[content] += length
  const size = sums.data + sums.zero + sums.absent
  const spans = extents.flatMap(({ start, length, content }) =>
    content === 'absent' ? [] : [{ start, length, kind: content }],
  )
  return (
    <>
      <DiskStrip
        cells={rangesToCells(spans, { size, order: ['data', 'zero'] })}
        label={`${formatBytes(sums.data)} data, ${formatBytes(sums.zero)} zero, ${formatBytes(sums.absent)} absent`}
      />
      <FactList
        facts={[
          ['Data', <ByteSize key="data" bytes={sums.data} />],
          ['Zero', <ByteSize key="zero" bytes={sums.zero} />],
          ['Absent', <ByteSize key="absent" bytes={sums.absent} />],
          ['Ranges', groupThousands(extents.length)],
          ['Cut off', cutAt === null ? null : `at ${formatBytes(cutAt)}: it has too many ranges`],
        ]}
      />
    </>
  )
}

/** What a check found. */
export function CheckResult({ of: { report } }: { readonly of: ActionOutcome<'examine-image'> }) {
  const { totals, isComplete, findings, checked } = report
  const { corruptions, leaks, remarks, leakedBytes } = totals
  const tone = corruptions > 0 ? 'bad' : leaks > 0 || !isComplete ? 'warn' : 'good'
  return (
    <>
      <Verdict tone={tone}>
        {corruptions > 0
          ? `Its tables contradict each other in ${countOf(corruptions, 'place')}.`
          : leaks > 0
            ? `Nothing is corrupt; ${formatBytes(leakedBytes)} of the file belong to nothing.`
            : 'Its tables agree.'}
      </Verdict>
      {findings.length > 0 && <ProblemList problems={findings.slice(0, mostFindings)} />}
      <FactList
        facts={[
          ['Looked at', checked.join(', ')],
          ['Remarks', remarks === 0 ? null : groupThousands(remarks)],
          [
            'More',
            findings.length > mostFindings ? countOf(findings.length - mostFindings, 'finding') : null,
          ],
          ['Cut off', isComplete ? null : 'not all of it was looked at: there was too much'],
        ]}
      />
    </>
  )
}

/** Findings that are shown of a check. */
const mostFindings = 20
