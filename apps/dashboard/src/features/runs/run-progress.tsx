import { formatBytes, formatRate, groupThousands } from '@varve/core/units/format-bytes'
import { formatSeconds } from '@varve/protocol/migration-words'
import type { RunView } from '@varve/protocol/runs'
import { Panel } from '../../components/card.tsx'
import { Meter } from '../../components/marks.tsx'
import { Figures, type Figure } from '../../plans/figures.tsx'
import styles from './run.module.css'

/** How far the step is that moves bytes now; nothing when none does. */
export function RunProgress({ run }: { readonly run: RunView }) {
  const { progress, steps } = run
  if (progress === null || progress.total === null) return null
  const step = steps.find(({ state }) => state === 'running')
  const share = progress.total === 0 ? 1 : Math.min(1, progress.done / progress.total)
  return (
    <Panel label="Progress">
      <Figures figures={toFigures(progress, share)} />
      <div className={styles.progress}>
        <Meter
          parts={[
            {
              share,
              colour: step && step.layer !== 'all' ? `var(--varve-${step.layer})` : 'var(--varve-accent)',
            },
          ]}
          label={`${Math.round(share * 100)} % of this step`}
        />
      </div>
      <p className={styles.progressWords}>
        {step ? `${step.title} on ${step.host}` : ''}
        {limitWords(progress.limitedBy)}
      </p>
    </Panel>
  )
}

type Progress = NonNullable<RunView['progress']>

function toFigures({ done, total, unit, rate }: Progress, share: number): readonly Figure[] {
  const amount = (value: number) => (unit === 'bytes' ? formatBytes(value) : groupThousands(value))
  const left = rate === null || rate === 0 || total === null ? null : (total - done) / rate
  return [
    { value: `${Math.floor(share * 100)} %`, label: `${amount(done)} of ${amount(total ?? 0)}` },
    {
      value:
        rate === null
          ? '–'
          : unit === 'bytes'
            ? formatRate(rate)
            : `${groupThousands(Math.round(rate))} a second`,
      label: 'now',
    },
    {
      value: left === null ? '–' : `${formatSeconds(Math.ceil(left)).replace('.0', '')} left`,
      label: left === null ? 'time left is not known yet' : 'of this step',
    },
  ]
}

function limitWords(limit: Progress['limitedBy']): string {
  switch (limit) {
    case 'source':
      return ' · the disk that is read is the limit'
    case 'target':
      return ' · the disk that is written is the limit'
    case 'wire':
      return ' · the network is the limit'
    case 'cpu':
      return ' · CPU is the limit'
    case null:
      return ''
  }
}
