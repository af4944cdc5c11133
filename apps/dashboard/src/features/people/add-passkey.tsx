import { Button, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { Refusal } from '../../components/refusal.tsx'
import { authToWords } from '../../data/auth-to-words.ts'
import { addPasskey, knowsPasskeys } from '../../data/passkeys.ts'
import { useTRPC } from '../../data/trpc.ts'
import styles from './people.module.css'

interface AddPasskeyProps {
  /** Whether they can be used at this address. */
  readonly isPossible: boolean
  readonly onAdded: () => void
}

/** Makes a passkey with a name. */
export function AddPasskey({ isPossible, onAdded }: AddPasskeyProps) {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const [name, setName] = useState('')
  const add = useMutation({
    mutationFn: () => addPasskey(name.trim()),
    onSuccess: async () => {
      setName('')
      await queryClient.invalidateQueries({ queryKey: api.account.pathKey() })
      onAdded()
    },
  })
  if (!isPossible || !knowsPasskeys()) {
    return (
      <p className={styles.soft}>
        {isPossible
          ? 'This browser does not know passkeys as they are used here.'
          : 'Browsers want a name and encryption for passkeys: reach the controller as https with a name, or as localhost.'}
      </p>
    )
  }
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    add.mutate()
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextInput
        label="Name of the passkey"
        placeholder="Laptop, or key on the ring"
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        required
        withAsterisk={false}
        maxLength={60}
      />
      {add.isError && <Refusal {...authToWords(add.error, 'passkey')} />}
      <div className={styles.buttons}>
        <Button type="submit" loading={add.isPending}>
          Add a passkey
        </Button>
      </div>
    </form>
  )
}
