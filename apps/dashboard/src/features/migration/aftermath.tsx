import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { MigrationView } from '@varve/protocol/migrations'
import { LayerTag } from '../../components/marks.tsx'
import { problemToWords } from '../../components/problem-to-words.ts'
import styles from './migration.module.css'

/** For a migration that failed or was canceled: what, at which layer, what is safe, what to press. */
export function Aftermath({ migration }: { readonly migration: MigrationView }) {
  const { state, error, aftermath, image } = migration
  if (state !== 'failed' && state !== 'canceled') return null
  return (
    <div className={styles.aftermath} data-tone={state === 'failed' ? 'bad' : 'plain'} role="alert">
      <h2>
        {error && state === 'failed' && <LayerTag layer={error.layer} />}
        {state === 'canceled' ? 'Canceled' : error ? problemToWords(error.message) : 'It failed'}
      </h2>
      <dl>
        {error && state === 'failed' && (
          <>
            <dt>Where</dt>
            <dd>{error.file}</dd>
            <dt>What to do</dt>
            <dd>{error.remedy}</dd>
          </>
        )}
        {aftermath !== null && (
          <>
            <dt>What is safe</dt>
            <dd>{aftermath}</dd>
          </>
        )}
        {error && (
          <>
            <dt>Reference</dt>
            <dd>
              <code>
                {error.code} · migration {migration.id}
              </code>
            </dd>
          </>
        )}
      </dl>
      <div className={styles.aftermathFoot}>
        <Button
          variant="filled"
          renderRoot={(props) => (
            <Link to="/images/$id" params={{ id: image }} search={{ migrate: true }} {...props} />
          )}
        >
          Plan it again…
        </Button>
        <Button renderRoot={(props) => <Link to="/images/$id" params={{ id: image }} {...props} />}>
          Show the source
        </Button>
      </div>
    </div>
  )
}
