import { useQuery } from '@tanstack/react-query'
import type { RunView } from '@varve/protocol/runs'
import { Card } from '../../components/card.tsx'
import { LayerTag } from '../../components/marks.tsx'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { useTRPC } from '../../data/trpc.ts'
import { logToWords } from './log-to-words.ts'
import styles from './run.module.css'

/** What happened, entry by entry, as the journal of the run has it. */
export function RunLog({ run }: { readonly run: RunView }) {
  const api = useTRPC()
  const log = useQuery(api.runs.log.queryOptions({ id: run.id }))
  return (
    <Card title="Log">
      {log.isPending && <SkeletonRows rows={4} height={28} />}
      {log.isError && !log.data && <ErrorCard error={log.error} onRetry={() => void log.refetch()} />}
      {log.data && (
        <ol className={styles.log}>
          {logToWords(log.data, run.steps).map(({ at, layer, words, tone }, index) => (
            <li key={index} data-tone={tone}>
              <time dateTime={at} title={new Date(at).toLocaleString('en-GB')}>
                {new Date(at).toLocaleTimeString('en-GB')}
              </time>
              <span className={styles.knot} aria-hidden />
              <span className={styles.logWords}>
                {layer !== null && <LayerTag layer={layer} />}
                <span>{words}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  )
}
