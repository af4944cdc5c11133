import { useQuery } from '@tanstack/react-query'
import { Card, Stack } from '../components/card.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty, ErrorCard, SkeletonRows } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import { useMe } from '../data/use-me.ts'
import { AddPerson } from '../features/people/add-person.tsx'
import { AllKeysCard } from '../features/people/keys-card.tsx'
import { PersonRows } from '../features/people/person-rows.tsx'
import { AllSessionsCard } from '../features/people/sessions-card.tsx'

/** Who may do what in this fleet; for admins. */
export function PeoplePage() {
  const person = useMe().data?.person ?? null
  return (
    <>
      <PageHead title="People" />
      <Stack>
        {person !== null && person.role !== 'admin' ? (
          <Card title="People">
            <Empty title="For admins">
              Who may do what here is looked after by the admins of this fleet; you are signed in as{' '}
              {person.name}, {person.role}.
            </Empty>
          </Card>
        ) : (
          <>
            <PeopleCard own={person?.name ?? ''} />
            <AddPerson />
            <AllSessionsCard />
            <AllKeysCard />
          </>
        )}
      </Stack>
    </>
  )
}

function PeopleCard({ own }: { readonly own: string }) {
  const api = useTRPC()
  const query = useQuery(api.people.list.queryOptions())
  if (query.isError && !query.data)
    return <ErrorCard error={query.error} onRetry={() => void query.refetch()} />
  return (
    <Card title="People">
      {!query.data && <SkeletonRows rows={3} height={60} />}
      {query.data?.length === 0 && (
        <Empty title="Nobody yet">
          Add somebody below: they sign in by a link, and choose how from then on.
        </Empty>
      )}
      {query.data && query.data.length > 0 && <PersonRows people={query.data} own={own} />}
    </Card>
  )
}
