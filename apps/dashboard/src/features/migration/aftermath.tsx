import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { MigrationView } from '@varve/protocol/migrations'
import { Outcome } from '../../plans/outcome.tsx'

/** For a migration that failed or was canceled: what, at which layer, what is safe, what to press. */
export function Aftermath({ migration }: { readonly migration: MigrationView }) {
  const { state, error, aftermath, image, id } = migration
  if (state !== 'failed' && state !== 'canceled') return null
  return (
    <Outcome
      title={state === 'canceled' ? 'Canceled' : 'It failed'}
      error={state === 'failed' ? error : null}
      safe={aftermath}
      reference={[error?.code ?? state, `migration ${id}`].join(' · ')}
    >
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
    </Outcome>
  )
}
