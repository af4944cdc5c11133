import { Link } from '@tanstack/react-router'
import { formatBytes } from '@varve/core/units/format-bytes'
import { knownGains } from '@varve/core/layers/reclaim-estimate'
import type { ImageView } from '@varve/protocol/images'
import { Card } from '../../components/card.tsx'
import { fileName } from '../../components/file-name.ts'
import { ByteSize, DigestText, LayerTag, Meter, TimeAgo } from '../../components/marks.tsx'
import { ProblemList } from '../../components/states.tsx'
import { FormatCard } from './format-card.tsx'
import styles from './image-side.module.css'

/** The cards beside the stack: size, what reclaiming would give, findings, chain, proofs. */
export function ImageSide({ image }: { readonly image: ImageView }) {
  return (
    <>
      <SizeCard image={image} />
      <ReclaimCard image={image} />
      <FindingsCard image={image} />
      <ChainCard image={image} />
      <FormatCard image={image} />
      <ProofsCard image={image} />
    </>
  )
}

function SizeCard({ image: { report } }: { readonly image: ImageView }) {
  const { virtualSize, allocated, reclaimable } = report
  const whole = Math.max(virtualSize ?? 0, allocated ?? 0, 1)
  const figures = [
    { label: 'Guest sees', bytes: virtualSize, colour: 'var(--varve-L3)', warn: false },
    { label: 'Takes on this host', bytes: allocated, colour: 'var(--varve-L1)', warn: false },
    { label: 'Reclaimable', bytes: reclaimable, colour: 'var(--varve-warn)', warn: (reclaimable ?? 0) > 0 },
  ]
  return (
    <Card title="Size">
      {figures.map(({ label, bytes, colour, warn }) => (
        <div key={label} className={styles.figure}>
          <div className={styles.figureLine}>
            <span>{label}</span>
            <strong className={warn ? styles.warn : undefined}>
              {bytes === null ? 'not known' : <ByteSize bytes={bytes} />}
            </strong>
          </div>
          <Meter
            parts={[{ share: (bytes ?? 0) / whole, colour }]}
            label={bytes === null ? `${label}: not known` : `${label}: ${formatBytes(bytes)}`}
          />
        </div>
      ))}
    </Card>
  )
}

/** What each layer would give back, and how; nothing where nothing is known to be gained. */
function ReclaimCard({ image: { report } }: { readonly image: ImageView }) {
  const gains = knownGains(report.reclaim)
  if (gains.length === 0) return null
  return (
    <Card title="Reclaiming">
      <ul>
        {gains.map(({ layer, kind, bytes, message, remedy }) => (
          <li key={kind} className={styles.gain}>
            <LayerTag layer={layer} />
            <div>
              <div>
                About <ByteSize bytes={bytes} />: {message}.
              </div>
              <details className={styles.how}>
                <summary>How</summary>
                {remedy}
              </details>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  )
}

function FindingsCard({ image: { report } }: { readonly image: ImageView }) {
  return (
    <Card title="Findings">
      {report.problems.length === 0 ? (
        <p className={styles.none}>None: every layer that was read is in order.</p>
      ) : (
        <ProblemList problems={report.problems} />
      )}
    </Card>
  )
}

function ChainCard({ image }: { readonly image: ImageView }) {
  const { report, chainIds, children, row } = image
  return (
    <Card title="Chain">
      <ol>
        {report.chain.map((link, index) => {
          const id = chainIds[index]
          const name = fileName(link.path)
          return (
            <li key={link.path} className={styles.link}>
              <span className={styles.knot} data-top={index === 0 || undefined} aria-hidden />
              {id === null || id === undefined || id === row.id ? (
                <span className={styles.linkName} title={link.path}>
                  {name}
                </span>
              ) : (
                <Link className={styles.linkName} to="/images/$id" params={{ id }} title={link.path}>
                  {name}
                </Link>
              )}
              <ByteSize bytes={link.allocated ?? link.fileSize} />
            </li>
          )
        })}
      </ol>
      {children.length > 0 && (
        <div className={styles.children}>
          Parent of{' '}
          {children.slice(0, 5).map(({ id, name }, index) => (
            <span key={id}>
              {index > 0 && ', '}
              <Link to="/images/$id" params={{ id }}>
                {name}
              </Link>
            </span>
          ))}
          {children.length > 5 && ` and ${children.length - 5} more`}: do not write to it.
        </div>
      )}
    </Card>
  )
}

function ProofsCard({ image: { proofs } }: { readonly image: ImageView }) {
  if (proofs.length < 2) return null
  return (
    <Card title="Proofs">
      <ol>
        {proofs.slice(0, 6).map(({ digest, takenAt }) => (
          <li key={takenAt} className={styles.link}>
            <DigestText digest={digest} groups={{ first: 2, last: 1 }} />
            <span>
              <TimeAgo at={takenAt} />
            </span>
          </li>
        ))}
      </ol>
    </Card>
  )
}
