import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { filesystemName } from '@varve/core/guest/guest-names'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { ActionOutcome } from '@varve/operations/actions/action-table'
import { gainNames, gainsOf } from '@varve/operations/actions/reclaim-survey'
import { FactList } from '../../../components/fact-list.tsx'
import { ByteSize, LayerTag } from '../../../components/marks.tsx'
import { Verdict } from './parts.tsx'
import styles from './result.module.css'

interface ReclaimResultProps {
  readonly of: ActionOutcome<'survey-reclaim'>
  /** Opens the plan that gives it back. */
  readonly onReclaim: () => void
}

/** What an image holds for nothing, what each layer would give back, and what does that. */
export function ReclaimResult({ of, onReclaim }: ReclaimResultProps) {
  const gains = gainsOf(of)
  const most = Math.max(0, ...gains.map(({ bytes }) => bytes ?? 0))
  return (
    <>
      <div className={styles.titled}>
        <Verdict tone="plain">
          {most === 0 ? (
            'Nothing is held for nothing.'
          ) : (
            <>
              Reclaiming would give back some <ByteSize bytes={most} />.
            </>
          )}
        </Verdict>
        {of.wish !== null && <Button onClick={onReclaim}>Reclaim…</Button>}
      </div>
      <section className={styles.part} aria-label="Layer by layer">
        <h3>Layer by layer</h3>
        <ul className={styles.layers}>
          {gains.map(({ layer, kind, bytes }) => (
            <li key={kind}>
              <LayerTag layer={layer} />
              <span>
                {gainNames[kind]}: {bytes === null ? 'not known' : <ByteSize bytes={bytes} />}
              </span>
            </li>
          ))}
        </ul>
      </section>
      {of.filesystems.length + of.closed.length > 0 && (
        <section className={styles.part} aria-label="In the guest">
          <h3>In the guest</h3>
          <FactList
            facts={[
              ...of.filesystems.map(({ type, label, start, free, held, doubt }): [string, ReactNode] => [
                `${filesystemName(type)}${label === null ? '' : ` ${label}`} at ${formatBytes(start)}`,
                free === null
                  ? `what is free in it is not known: ${doubt?.reason ?? 'nobody tells'}`
                  : `${formatBytes(held)} of the ${formatBytes(free)} that are free are held`,
              ]),
              ...of.closed.map(({ what, start }): [string, ReactNode] => [
                `${what} at ${formatBytes(start)}`,
                'what is free in it is not seen',
              ]),
            ]}
          />
        </section>
      )}
      {of.lost.length > 0 && (
        <section className={styles.part} aria-label="Where discards are lost">
          <h3>Where discards are lost</h3>
          <ul className={styles.layers}>
            {of.lost.map(({ layer, what, reason, remedy }) => (
              <li key={`${layer} ${what} ${reason}`}>
                <LayerTag layer={layer} />
                <span>
                  {what}: {reason}. {remedy}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}
