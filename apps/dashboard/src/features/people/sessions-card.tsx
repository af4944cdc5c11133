import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Card } from '../../components/card.tsx'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { useTRPC, useTRPCClient } from '../../data/trpc.ts'
import styles from './people.module.css'
import { SessionRows } from './session-rows.tsx'
import { useChange } from './use-change.ts'

/** Where who is signed in is signed in. */
export function OwnSessionsCard() {
  const api = useTRPC()
  const client = useTRPCClient()
  const { options } = useChange()
  const query = useQuery(api.account.sessions.queryOptions())
  const end = useMutation(api.account.endSession.mutationOptions(options))
  const others = (query.data ?? []).filter(({ isThisOne }) => !isThisOne)
  const endOthers = useMutation({
    ...options,
    mutationFn: async () => {
      for (const { id } of others) await client.account.endSession.mutate({ id })
    },
  })
  return (
    <Card title="Where you are signed in">
      {query.isError && !query.data && <ErrorCard error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows rows={2} height={52} />}
      {query.data && (
        <SessionRows
          label="Your sessions"
          sessions={query.data}
          ending={end.isPending ? end.variables.id : null}
          onEnd={(id) => end.mutate({ id })}
        />
      )}
      {others.length > 0 && (
        <div className={styles.buttons}>
          <Button color="bad" loading={endOthers.isPending} onClick={() => endOthers.mutate()}>
            End all others
          </Button>
        </div>
      )}
    </Card>
  )
}

/** Where everybody is signed in; for admins. */
export function AllSessionsCard() {
  const api = useTRPC()
  const query = useQuery(api.people.sessions.queryOptions())
  const end = useMutation(api.people.endSession.mutationOptions(useChange().options))
  return (
    <Card title="Sessions of everybody">
      {query.isError && !query.data && <ErrorCard error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows rows={2} height={52} />}
      {query.data?.length === 0 && <p className={styles.soft}>Nobody is signed in.</p>}
      {query.data && query.data.length > 0 && (
        <SessionRows
          label="Sessions of everybody"
          isOfMany
          sessions={query.data}
          ending={end.isPending ? end.variables.id : null}
          onEnd={(id) => end.mutate({ id })}
        />
      )}
    </Card>
  )
}
