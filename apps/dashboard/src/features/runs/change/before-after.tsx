import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { LayerNumber } from '@varve/core/problems/layer-number'
import { useMemo, type CSSProperties } from 'react'
import { Panel } from '../../../components/card.tsx'
import { fileName } from '../../../components/file-name.ts'
import { ByteSize, DigestText, LayerTag, Pill } from '../../../components/marks.tsx'
import { SkeletonRows } from '../../../components/states.tsx'
import { useTRPC } from '../../../data/trpc.ts'
import { LitStrata } from '../../../plans/lit-strata.tsx'
import styles from './before-after.module.css'
import {
  imagesToChanges,
  type ActedStep,
  type ChangedFact,
  type ChangeKind,
  type FactValue,
  type ImageChange,
} from './images-to-changes.ts'

interface BeforeAfterProps {
  /** Of the run. */
  readonly id: string
  readonly steps: readonly ActedStep[]
}

/** What each image of a run that is done was, and what it is now, layer by layer. */
export function BeforeAfter({ id, steps }: BeforeAfterProps) {
  const api = useTRPC()
  const { data: images } = useQuery(api.runs.images.queryOptions({ id }))
  const told = useMemo(() => images && imagesToChanges(images, steps), [images, steps])
  if (!told) {
    return (
      <Panel label="Before and after">
        <div className={styles.waiting}>
          <SkeletonRows rows={4} height={32} />
        </div>
      </Panel>
    )
  }
  const { changes, awaited, same } = told
  if (changes.length + awaited.length + same.length === 0) return null
  return (
    <Panel label="Before and after">
      <div className={styles.head}>
        <h2>Before and after</h2>
        <span>as the newest report tells</span>
      </div>
      <LitStrata says="Acted on" layers={actedOn(steps)} />
      {changes.map((change) => (
        <Changed key={`${change.host}:${change.path}`} change={change} />
      ))}
      {awaited.length > 0 && (
        <p className={styles.note} role="status">
          {names(awaited)}: not looked at yet. It stands here once its library was looked through.
        </p>
      )}
      {same.length > 0 && <p className={styles.note}>As before: {names(same)}.</p>}
    </Panel>
  )
}

function actedOn(steps: readonly ActedStep[]): ReadonlySet<LayerNumber | 'all'> {
  return new Set(steps.flatMap(({ layer, state }) => (state === 'done' ? [layer] : [])))
}

function names(images: readonly { readonly path: string }[]): string {
  return images.map(({ path }) => fileName(path)).join(', ')
}

const kindWords: Readonly<Record<ChangeKind, string>> = {
  made: 'new',
  moved: 'moved',
  changed: 'changed',
  gone: 'not there any more',
}

function Changed({ change }: { readonly change: ImageChange }) {
  const { kind, path, host, image, from, layers } = change
  const name = fileName(path)
  const isBeside = from !== null && kind === 'made'
  return (
    <section className={styles.image} aria-label={name}>
      <div className={styles.title}>
        <h3>{image === null ? name : <ImageLink id={image} name={name} />}</h3>
        <Pill tone={kind === 'gone' ? 'soft' : 'accent'}>{kindWords[kind]}</Pill>
        <span className={styles.place}>on {host}</span>
      </div>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">What</th>
            <th scope="col">
              {isBeside ? (
                <>
                  Made from{' '}
                  {from.image === null ? (
                    fileName(from.path)
                  ) : (
                    <ImageLink id={from.image} name={fileName(from.path)} />
                  )}
                  {from.host !== host && ` on ${from.host}`}
                </>
              ) : (
                'Before'
              )}
            </th>
            <th scope="col">{isBeside ? name : 'After'}</th>
          </tr>
        </thead>
        {layers.map(({ layer, isTouched, facts }) => {
          const style: CSSProperties & Record<`--${string}`, string> = { '--layer': `var(--varve-${layer})` }
          return (
            <tbody key={layer} data-lit={isTouched || undefined} style={style}>
              {facts.map((fact, at) => (
                <FactRow key={fact.term} fact={fact} tag={at === 0 ? { layer, rows: facts.length } : null} />
              ))}
            </tbody>
          )
        })}
      </table>
    </section>
  )
}

function ImageLink({ id, name }: { readonly id: string; readonly name: string }) {
  return (
    <Link to="/images/$id" params={{ id }} className={styles.link}>
      {name}
    </Link>
  )
}

interface FactRowProps {
  readonly fact: ChangedFact
  /** Of the first row of a layer. */
  readonly tag: { readonly layer: LayerNumber; readonly rows: number } | null
}

function FactRow({ fact: { term, before, after, isSame }, tag }: FactRowProps) {
  return (
    <tr data-same={isSame || undefined}>
      {tag && (
        <th scope="rowgroup" rowSpan={tag.rows} className={styles.layer}>
          <LayerTag layer={tag.layer} />
        </th>
      )}
      <th scope="row">{term}</th>
      <td>
        <Value value={before} />
      </td>
      <td className={styles.after}>
        {isSame ? <span className={styles.same}>the same</span> : <Value value={after} />}
      </td>
    </tr>
  )
}

function Value({ value }: { readonly value: FactValue }) {
  switch (value?.kind) {
    case 'bytes':
      return <ByteSize bytes={value.bytes} />
    case 'digest':
      return <DigestText digest={value.digest} groups={{ first: 2, last: 1 }} />
    case 'words':
      return value.words
    case undefined:
      return <span className={styles.none}>–</span>
  }
}
