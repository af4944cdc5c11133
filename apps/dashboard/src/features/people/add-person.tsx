import { Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { Card } from '../../components/card.tsx'
import { Refusal } from '../../components/refusal.tsx'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC } from '../../data/trpc.ts'
import { GrantFields } from './grant-fields.tsx'
import { LinkShown } from './link-shown.tsx'
import styles from './people.module.css'
import { draftToGrant, isComplete, type GrantDraft } from './rights-draft.ts'
import { useChange } from './use-change.ts'

const start: GrantDraft = { role: 'viewer', rights: null }

/** Makes a person, and shows the link that signs them in once. */
export function AddPerson() {
  const api = useTRPC()
  const { refresh } = useChange()
  const [name, setName] = useState('')
  const [draft, setDraft] = useState(start)
  const add = useMutation(
    api.people.add.mutationOptions({
      gcTime: 0,
      onSuccess: async () => {
        setName('')
        setDraft(start)
        await refresh()
      },
    }),
  )
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (isComplete(draft)) add.mutate({ name: name.trim(), ...draftToGrant(draft) })
  }
  return (
    <Card title="Add somebody">
      <form className={styles.form} onSubmit={submit}>
        <TextInput
          label="Name"
          description="To sign in with: lower-case letters, digits, dots, hyphens and underscores."
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          required
          withAsterisk={false}
          maxLength={32}
        />
        <GrantFields draft={draft} onChange={setDraft} />
        {add.isError && <Refusal {...errorToWords(add.error)} />}
        <div className={styles.buttons}>
          <Button type="submit" variant="filled" loading={add.isPending}>
            Add, and make a link
          </Button>
        </div>
        {add.data && <LinkShown link={add.data} />}
      </form>
    </Card>
  )
}
