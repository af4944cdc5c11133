import { Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { focusFirst } from '../../components/focus-first.ts'
import { Refusal } from '../../components/refusal.tsx'
import { postAuth } from '../../data/auth.ts'
import { authToWords } from '../../data/auth-to-words.ts'
import styles from './sign-in.module.css'

interface CodeStepProps {
  readonly onEntered: () => void
  /** Back to name and password. */
  readonly onBack: () => void
}

/** The second step, for who has codes on: one of the app, or one of those that were kept. */
export function CodeStep({ onEntered, onBack }: CodeStepProps) {
  const [isBackup, setBackup] = useState(false)
  const [code, setCode] = useState('')
  const verify = useMutation({
    mutationFn: () =>
      isBackup
        ? postAuth('/two-factor/verify-backup-code', { code: code.trim() })
        : postAuth('/two-factor/verify-totp', { code: code.replaceAll(/\s/gu, ''), trustDevice: false }),
    onSuccess: onEntered,
  })
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    verify.mutate()
  }
  const swap = () => {
    setBackup(!isBackup)
    setCode('')
    verify.reset()
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextInput
        key={isBackup ? 'backup' : 'app'}
        label={isBackup ? 'Backup code' : 'Code from your app'}
        description={
          isBackup ? 'One of those that you kept; each works once.' : 'Six digits that change twice a minute.'
        }
        value={code}
        onChange={({ currentTarget }) => setCode(currentTarget.value)}
        autoComplete="one-time-code"
        inputMode={isBackup ? 'text' : 'numeric'}
        spellCheck={false}
        ref={focusFirst}
        required
        withAsterisk={false}
        maxLength={40}
      />
      {verify.isError && <Refusal {...authToWords(verify.error, isBackup ? 'backup-code' : 'code')} />}
      <Button type="submit" variant="filled" loading={verify.isPending}>
        Sign in
      </Button>
      <button type="button" className={styles.textButton} onClick={swap}>
        {isBackup ? 'Use a code from the app' : 'Use a backup code'}
      </button>
      <button type="button" className={styles.textButton} onClick={onBack}>
        Sign in as somebody else
      </button>
    </form>
  )
}
