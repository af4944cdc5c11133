import { Button, Checkbox } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { PersonView } from '@varve/protocol/people'
import { useState, type SubmitEvent } from 'react'
import { AskedTwice } from '../../components/asked-twice.tsx'
import { Pill, TimeAgo } from '../../components/marks.tsx'
import { Refusal } from '../../components/refusal.tsx'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC } from '../../data/trpc.ts'
import { GrantFields } from './grant-fields.tsx'
import { grantToWords } from './grant-to-words.ts'
import { LinkShown } from './link-shown.tsx'
import styles from './people.module.css'
import { personToWays } from './person-to-ways.ts'
import { draftToGrant, grantToDraft, isComplete } from './rights-draft.ts'
import { useChange } from './use-change.ts'

interface PersonRowsProps {
  readonly people: readonly PersonView[]
  /** Who looks at them. */
  readonly own: string
}

/** The people of the fleet, each with what can be done about them. */
export function PersonRows({ people, own }: PersonRowsProps) {
  return (
    <ul className={styles.rows} aria-label="People">
      {people.map((person) => (
        <PersonRow key={person.id} person={person} isOwn={person.name === own} />
      ))}
    </ul>
  )
}

function PersonRow({ person, isOwn }: { readonly person: PersonView; readonly isOwn: boolean }) {
  const { name, role, seenAt, isDisabled, isFromSingleSignOn } = person
  const api = useTRPC()
  const { options } = useChange()
  const [open, setOpen] = useState<'change' | 'link' | null>(null)
  const setDisabled = useMutation(api.people.setDisabled.mutationOptions(options))
  const remove = useMutation(api.people.remove.mutationOptions(options))
  const toggle = (what: 'change' | 'link') => setOpen(open === what ? null : what)
  return (
    <li>
      <div className={`${styles.row} ${styles.personRow}`}>
        <span className={styles.name}>
          {name}
          <Pill tone={role === 'admin' ? 'accent' : 'plain'}>{role}</Pill>
          {isOwn && <Pill>you</Pill>}
          {isDisabled && <Pill tone="bad">kept out</Pill>}
        </span>
        <span className={styles.soft}>
          {grantToWords(person).map((words) => (
            <span key={words} style={{ display: 'block' }}>
              {words}
            </span>
          ))}
          {isFromSingleSignOn && 'as the groups of the single sign-on say'}
        </span>
        <span className={styles.soft}>
          {seenAt === null ? (
            'has not signed in yet'
          ) : (
            <>
              seen <TimeAgo at={seenAt} />
            </>
          )}
          <br />
          {personToWays(person)}
        </span>
        <span className={styles.rowButtons}>
          <Button
            aria-expanded={open === 'change'}
            aria-label={`Change ${name}`}
            onClick={() => toggle('change')}
          >
            Change…
          </Button>
          <Button
            aria-expanded={open === 'link'}
            aria-label={`New link for ${name}`}
            onClick={() => toggle('link')}
          >
            New link…
          </Button>
          <Button
            loading={setDisabled.isPending}
            disabled={isOwn && !isDisabled}
            title={isOwn ? 'You would keep yourself out' : undefined}
            aria-label={isDisabled ? `Let in again ${name}` : `Keep out ${name}`}
            onClick={() => setDisabled.mutate({ name, isDisabled: !isDisabled })}
          >
            {isDisabled ? 'Let in again' : 'Keep out'}
          </Button>
          <AskedTwice
            word="Remove…"
            surely={`Remove ${name} for good`}
            label={`Remove ${name}`}
            isBusy={remove.isPending}
            barred={isOwn ? 'You would remove yourself' : null}
            onSure={() => remove.mutate({ name })}
          />
        </span>
      </div>
      {open === 'change' && <ChangeGrant person={person} onClose={() => setOpen(null)} />}
      {open === 'link' && <NewLink name={name} onClose={() => setOpen(null)} />}
    </li>
  )
}

function ChangeGrant({ person, onClose }: { readonly person: PersonView; readonly onClose: () => void }) {
  const { name, isFromSingleSignOn } = person
  const api = useTRPC()
  const { refresh } = useChange()
  const [draft, setDraft] = useState(() => grantToDraft(person))
  const set = useMutation(
    api.people.setGrant.mutationOptions({
      onSuccess: async () => {
        await refresh()
        onClose()
      },
    }),
  )
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (isComplete(draft)) set.mutate({ name, ...draftToGrant(draft) })
  }
  return (
    <form className={styles.opened} onSubmit={submit} aria-label={`What ${name} may do`}>
      {isFromSingleSignOn && (
        <p className={styles.soft}>
          The role comes from the groups of the single sign-on: it is set anew when {name} signs in.
        </p>
      )}
      <div className={styles.form}>
        <GrantFields draft={draft} onChange={setDraft} />
      </div>
      {set.isError && <Refusal {...errorToWords(set.error)} />}
      <div className={styles.buttons}>
        <Button type="submit" variant="filled" loading={set.isPending}>
          Save
        </Button>
        <Button onClick={onClose}>Leave it</Button>
      </div>
    </form>
  )
}

function NewLink({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const api = useTRPC()
  const { refresh } = useChange()
  const [forgets, setForgets] = useState(false)
  const link = useMutation(api.people.link.mutationOptions({ gcTime: 0, onSuccess: refresh }))
  return (
    <section className={styles.opened} aria-label={`A new link for ${name}`}>
      {link.data ? (
        <LinkShown link={link.data} />
      ) : (
        <>
          <p className={styles.soft}>For somebody who cannot sign in: a link that signs {name} in once.</p>
          <Checkbox
            checked={forgets}
            onChange={({ currentTarget }) => setForgets(currentTarget.checked)}
            label="Forget what they had: password, passkeys, codes, sessions and keys"
          />
          {link.isError && <Refusal {...errorToWords(link.error)} />}
        </>
      )}
      <div className={styles.buttons}>
        {!link.data && (
          <Button variant="filled" loading={link.isPending} onClick={() => link.mutate({ name, forgets })}>
            {forgets ? 'Forget, and make a link' : 'Make a link'}
          </Button>
        )}
        <Button onClick={onClose}>{link.data ? 'Close' : 'Leave it'}</Button>
      </div>
    </section>
  )
}
