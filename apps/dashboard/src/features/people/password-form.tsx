import { Button, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { Refusal } from '../../components/refusal.tsx'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC } from '../../data/trpc.ts'
import styles from './people.module.css'

const leastLength = 10

interface PasswordFormProps {
  readonly name: string
  /** Whether there is one already, which is asked for. */
  readonly hasPassword: boolean
  readonly onSet: () => void
}

/** Sets a password of one's own. */
export function PasswordForm({ name, hasPassword, onSet }: PasswordFormProps) {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [isTooShort, setTooShort] = useState(false)
  const set = useMutation(
    api.account.setPassword.mutationOptions({
      onSuccess: async () => {
        setCurrent('')
        setNext('')
        await queryClient.invalidateQueries({ queryKey: api.account.pathKey() })
        onSet()
      },
    }),
  )
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    setTooShort(next.length < leastLength)
    if (next.length >= leastLength)
      set.mutate({ newPassword: next, ...(hasPassword && { currentPassword: current }) })
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
      {hasPassword && (
        <TextInput
          label="Password now"
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={({ currentTarget }) => setCurrent(currentTarget.value)}
          required
          withAsterisk={false}
          maxLength={128}
        />
      )}
      <TextInput
        label="New password"
        description={`${leastLength} characters or more; a sentence is good.`}
        type="password"
        autoComplete="new-password"
        value={next}
        onChange={({ currentTarget }) => {
          setNext(currentTarget.value)
          setTooShort(false)
        }}
        error={isTooShort ? `It has ${next.length} of ${leastLength} characters` : null}
        required
        withAsterisk={false}
        maxLength={128}
      />
      {set.isError && <Refusal {...errorToWords(set.error)} />}
      <div className={styles.buttons}>
        <Button type="submit" loading={set.isPending}>
          {hasPassword ? 'Change the password' : 'Set a password'}
        </Button>
      </div>
    </form>
  )
}
