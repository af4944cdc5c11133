import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import type { Grant, NewApiKey } from '@varve/protocol/people'
import { useState, type SubmitEvent } from 'react'
import { Card } from '../../components/card.tsx'
import { focusFirst } from '../../components/focus-first.ts'
import { Refusal } from '../../components/refusal.tsx'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC } from '../../data/trpc.ts'
import { GrantFields } from './grant-fields.tsx'
import { KeyRows } from './key-rows.tsx'
import styles from './people.module.css'
import { draftToGrant, isComplete, type GrantDraft } from './rights-draft.ts'
import { ShownOnce } from './shown-once.tsx'
import { useChange } from './use-change.ts'

/** Keys that let programs act as who is signed in. */
export function OwnKeysCard({ grant }: { readonly grant: Grant }) {
  const api = useTRPC()
  const { options, refresh } = useChange()
  const [isOpen, setOpen] = useState(false)
  const query = useQuery(api.account.keys.queryOptions())
  const revoke = useMutation(api.account.revokeKey.mutationOptions(options))
  const make = useMutation(
    api.account.makeKey.mutationOptions({
      // What was made is shown once: it stays in no cache longer than on the page.
      gcTime: 0,
      onSuccess: async () => {
        setOpen(false)
        await refresh()
      },
    }),
  )
  return (
    <Card title="API keys">
      <p className={`${styles.soft} ${styles.lead}`}>
        For programs: a key goes with each request as <code>Authorization: Bearer</code>, and never does more
        than you may.
      </p>
      <div className={styles.gap}>
        {query.isError && !query.data && (
          <ErrorCard error={query.error} onRetry={() => void query.refetch()} />
        )}
        {query.isPending && <SkeletonRows rows={1} height={52} />}
        {query.data && query.data.length > 0 && (
          <KeyRows
            label="Your keys"
            keys={query.data}
            revoking={revoke.isPending ? revoke.variables.id : null}
            onRevoke={(id) => revoke.mutate({ id })}
          />
        )}
        {make.data && (
          <ShownOnce text={make.data.text}>
            The key <strong>{make.data.key.name}</strong>. Keep it now: only a hash of it stays here, and it
            is not shown again.
          </ShownOnce>
        )}
        {isOpen ? (
          <KeyForm
            grant={grant}
            isBusy={make.isPending}
            error={make.error}
            onMake={(key) => make.mutate(key)}
            onClose={() => setOpen(false)}
          />
        ) : (
          <div className={styles.buttons}>
            <Button
              onClick={() => {
                make.reset()
                setOpen(true)
              }}
            >
              Make a key…
            </Button>
          </div>
        )}
      </div>
    </Card>
  )
}

const validities = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'A year'],
  ['', 'Until it is revoked'],
] as const

interface KeyFormProps {
  readonly grant: Grant
  readonly isBusy: boolean
  readonly error: unknown
  readonly onMake: (key: NewApiKey) => void
  readonly onClose: () => void
}

function KeyForm({ grant, isBusy, error, onMake, onClose }: KeyFormProps) {
  const [name, setName] = useState('')
  const [draft, setDraft] = useState<GrantDraft>({ role: 'viewer', rights: null })
  const [days, setDays] = useState('90')
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (isComplete(draft))
      onMake({ name, ...draftToGrant(draft), validDays: days === '' ? null : Number(days) })
  }
  return (
    <form className={`${styles.form} ${styles.opened}`} onSubmit={submit}>
      <TextInput
        label="Name of the key"
        placeholder="Nightly checks"
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        ref={focusFirst}
        required
        withAsterisk={false}
        maxLength={60}
      />
      <GrantFields draft={draft} most={grant.role} onChange={setDraft} />
      <NativeSelect
        label="Good for"
        value={days}
        data={validities.map(([value, label]) => ({ value, label }))}
        onChange={({ currentTarget }) => setDays(currentTarget.value)}
      />
      {error !== null && <Refusal {...errorToWords(error)} />}
      <div className={styles.buttons}>
        <Button type="submit" variant="filled" loading={isBusy}>
          Make the key
        </Button>
        <Button onClick={onClose}>Leave it</Button>
      </div>
    </form>
  )
}

/** Keys of everybody; for admins. */
export function AllKeysCard() {
  const api = useTRPC()
  const query = useQuery(api.people.keys.queryOptions())
  const revoke = useMutation(api.people.revokeKey.mutationOptions(useChange().options))
  return (
    <Card title="API keys of everybody">
      {query.isError && !query.data && <ErrorCard error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows rows={1} height={52} />}
      {query.data?.length === 0 && <p className={styles.soft}>Nobody has made one.</p>}
      {query.data && query.data.length > 0 && (
        <KeyRows
          label="Keys of everybody"
          isOfMany
          keys={query.data}
          revoking={revoke.isPending ? revoke.variables.id : null}
          onRevoke={(id) => revoke.mutate({ id })}
        />
      )}
    </Card>
  )
}
