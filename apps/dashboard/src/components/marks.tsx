import { useClipboard } from '@mantine/hooks'
import { formatBytes } from '@varve/core/units/format-bytes'
import { layerNames, type LayerNumber } from '@varve/core/problems/layer-number'
import { useMemo, type CSSProperties, type ReactNode } from 'react'
import { digestToWords, type DigestGroups } from './digest-to-words.ts'
import styles from './marks.module.css'
import { stripToPaths } from './strip-to-paths.ts'
import { timeToWords } from './time-to-words.ts'
import { useNow } from './use-now.ts'

export type Tone = 'plain' | 'accent' | 'good' | 'warn' | 'bad' | 'soft'

/** A word in a small frame. */
export function Pill({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ReactNode }) {
  return (
    <span className={styles.pill} data-tone={tone}>
      {children}
    </span>
  )
}

/** A coloured dot beside words that say the same. */
export function Dot({ tone }: { readonly tone: Tone }) {
  return <span className={styles.dot} data-tone={tone} aria-hidden />
}

/** The layer a step acts on. */
export function LayerTag({ layer }: { readonly layer: LayerNumber | 'all' }) {
  const style: CSSProperties & Record<`--${string}`, string> =
    layer === 'all'
      ? { '--tag-colour': 'var(--varve-soft)', '--tag-text': 'var(--varve-soft)' }
      : { '--tag-colour': `var(--varve-${layer})`, '--tag-text': `var(--varve-${layer}-text)` }
  return (
    <span
      className={styles.tag}
      style={style}
      title={layer === 'all' ? 'Reads all layers' : layerNames[layer]}
    >
      {layer}
    </span>
  )
}

/** A size in IEC units, exact on hover. */
export function ByteSize({ bytes }: { readonly bytes: number | null }) {
  if (bytes === null) return <span title="not known">–</span>
  return (
    <span className={styles.bytes} title={`${bytes.toLocaleString('en')} bytes`}>
      {formatBytes(bytes)}
    </span>
  )
}

/** How long ago, exact on hover. */
export function TimeAgo({ at }: { readonly at: string }) {
  const now = useNow(10_000)
  const time = Date.parse(at)
  return (
    <time dateTime={at} title={new Date(time).toLocaleString('en-GB')}>
      {timeToWords(time, now)}
    </time>
  )
}

/** How long something has been so, exact on hover: `for 4 hours`. */
export function ForTime({ since }: { readonly since: string }) {
  const now = useNow(10_000)
  const time = Date.parse(since)
  const words = timeToWords(time, now)
  return (
    <time dateTime={since} title={`since ${new Date(time).toLocaleString('en-GB')}`}>
      {words.endsWith(' ago') ? `for ${words.slice(0, -' ago'.length)}` : words}
    </time>
  )
}

/** A digest, short; a click copies it whole. */
export function DigestText({
  digest,
  groups = { first: 4, last: 4 },
}: {
  readonly digest: string
  readonly groups?: DigestGroups
}) {
  const clipboard = useClipboard({ timeout: 1500 })
  return (
    <button
      type="button"
      className={styles.copy}
      title="Copy the whole digest"
      onClick={() => clipboard.copy(digest)}
    >
      {digestToWords(digest, groups)}
      <span className={styles.copied} role="status">
        {clipboard.copied ? 'copied' : ''}
      </span>
    </button>
  )
}

/** A command to run elsewhere, with a button that copies it. */
export function Command({ command }: { readonly command: string }) {
  const clipboard = useClipboard({ timeout: 1500 })
  return (
    <div className={styles.command}>
      <code>{command}</code>
      <button type="button" className={styles.copyButton} onClick={() => clipboard.copy(command)}>
        {clipboard.copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  )
}

interface MeterPart {
  /** 0 to 1. */
  readonly share: number
  /** A token, such as `var(--varve-accent)`. */
  readonly colour: string
}

/** A bar of one or more parts; `label` says the same in words. */
export function Meter({ parts, label }: { readonly parts: readonly MeterPart[]; readonly label: string }) {
  return (
    <div className={styles.meter} role="img" aria-label={label}>
      {parts.map(({ share, colour }) => (
        <span
          key={colour}
          style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%`, background: colour }}
        />
      ))}
    </div>
  )
}

/** L2 of an image in 120 × 14 pixels: where it holds data. */
export function L2Strip({ strip }: { readonly strip: string | null }) {
  const drawn = useMemo(() => (strip === null ? null : stripToPaths(strip)), [strip])
  if (drawn === null || drawn.cells === 0) return <span className={styles.stripUnknown}>not known</span>
  return (
    <svg
      className={styles.strip}
      viewBox={`0 0 ${drawn.cells} 1`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${Math.round(drawn.share * 100)} % of the disk holds data`}
    >
      {drawn.paths.map(({ quarters, path }) => (
        <path key={quarters} d={path} opacity={0.25 + quarters * 0.1875} shapeRendering="crispEdges" />
      ))}
    </svg>
  )
}
