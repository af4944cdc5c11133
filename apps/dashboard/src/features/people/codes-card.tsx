import { Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { lazy, Suspense, useState, type ReactNode, type SubmitEvent } from 'react'
import { Card } from '../../components/card.tsx'
import { Pill } from '../../components/marks.tsx'
import { focusFirst } from '../../components/focus-first.ts'
import { Refusal } from '../../components/refusal.tsx'
import { Skeleton } from '../../components/states.tsx'
import { postAuth } from '../../data/auth.ts'
import { authToWords } from '../../data/auth-to-words.ts'
import { BackupCodes } from './backup-codes.tsx'
import styles from './people.module.css'
import { useChange } from './use-change.ts'

const QrCode = lazy(() => import('./qr-code.tsx'))

interface CodesCardProps {
  readonly hasPassword: boolean
  readonly isOn: boolean
}

/** Codes of an app that are asked for after the password: on, off, and those for when the app is lost. */
export function CodesCard({ hasPassword, isOn }: CodesCardProps) {
  const [open, setOpen] = useState<'on' | 'off' | 'backup' | null>(null)
  const close = () => setOpen(null)
  return (
    <Card title="One-time codes" aside={<Pill tone={isOn ? 'good' : 'plain'}>{isOn ? 'on' : 'off'}</Pill>}>
      <p className={`${styles.soft} ${styles.lead}`}>
        {isOn
          ? 'After the password a code of your app is asked for. A passkey is enough alone.'
          : hasPassword
            ? 'With them a password that was found out is not enough: a code of an app on your phone is asked for too.'
            : 'They are asked for after a password: set one first.'}
      </p>
      {open === null && hasPassword && (
        <div className={styles.buttons}>
          {!isOn && <Button onClick={() => setOpen('on')}>Turn on…</Button>}
          {isOn && <Button onClick={() => setOpen('backup')}>New backup codes…</Button>}
          {isOn && (
            <Button color="bad" onClick={() => setOpen('off')}>
              Turn off…
            </Button>
          )}
        </div>
      )}
      {open === 'on' && <TurnOn onClose={close} />}
      {open === 'off' && <TurnOff onClose={close} />}
      {open === 'backup' && <NewBackupCodes onClose={close} />}
    </Card>
  )
}

interface Begun {
  readonly uri: string
  readonly backupCodes: readonly string[]
}

function TurnOn({ onClose }: { readonly onClose: () => void }) {
  const { refresh } = useChange()
  const [code, setCode] = useState('')
  const begin = useMutation({
    mutationFn: async (password: string): Promise<Begun> => {
      const { totpURI, backupCodes } = await postAuth('/two-factor/enable', { password })
      if (typeof totpURI !== 'string') throw new Error('the controller gave no secret')
      return { uri: totpURI, backupCodes: textsOf(backupCodes) }
    },
  })
  const verify = useMutation({
    mutationFn: () => postAuth('/two-factor/verify-totp', { code: code.replaceAll(/\s/gu, '') }),
    onSuccess: refresh,
  })
  if (!begin.data) {
    return (
      <PasswordAsked
        word="Go on"
        isBusy={begin.isPending}
        error={begin.error}
        onPassword={begin.mutate}
        onClose={onClose}
      />
    )
  }
  const { uri, backupCodes } = begin.data
  if (verify.isSuccess) return <BackupCodes codes={backupCodes} onKept={onClose} />
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    verify.mutate()
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <p className={styles.soft}>Scan this with an app for one-time codes, or type its secret there.</p>
      <Suspense fallback={<Skeleton height={200} width={200} />}>
        <QrCode text={uri} label="The secret of your codes, for the camera of your phone" />
      </Suspense>
      <p className={styles.secret}>{secretOf(uri)}</p>
      <TextInput
        label="Code that the app shows now"
        value={code}
        onChange={({ currentTarget }) => setCode(currentTarget.value)}
        autoComplete="one-time-code"
        inputMode="numeric"
        required
        withAsterisk={false}
        maxLength={10}
      />
      {verify.isError && <Refusal {...authToWords(verify.error, 'code')} />}
      <Buttons onClose={onClose}>
        <Button type="submit" variant="filled" loading={verify.isPending}>
          Turn on
        </Button>
      </Buttons>
    </form>
  )
}

function TurnOff({ onClose }: { readonly onClose: () => void }) {
  const { refresh } = useChange()
  const off = useMutation({
    mutationFn: (password: string) => postAuth('/two-factor/disable', { password }),
    onSuccess: async () => {
      await refresh()
      onClose()
    },
  })
  return (
    <PasswordAsked
      word="Turn off"
      isBusy={off.isPending}
      error={off.error}
      onPassword={off.mutate}
      onClose={onClose}
    />
  )
}

function NewBackupCodes({ onClose }: { readonly onClose: () => void }) {
  const make = useMutation({
    mutationFn: async (password: string) =>
      textsOf((await postAuth('/two-factor/generate-backup-codes', { password }))['backupCodes']),
  })
  if (make.data) return <BackupCodes codes={make.data} onKept={onClose} />
  return (
    <PasswordAsked
      word="Make new ones"
      isBusy={make.isPending}
      error={make.error}
      onPassword={make.mutate}
      onClose={onClose}
    />
  )
}

interface PasswordAskedProps {
  readonly word: string
  readonly isBusy: boolean
  readonly error: unknown
  readonly onPassword: (password: string) => void
  readonly onClose: () => void
}

/** Whoever finds a browser open does not change what one signs in with. */
function PasswordAsked({ word, isBusy, error, onPassword, onClose }: PasswordAskedProps) {
  const [password, setPassword] = useState('')
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    onPassword(password)
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextInput
        label="Your password, once more"
        type="password"
        autoComplete="current-password"
        value={password}
        onChange={({ currentTarget }) => setPassword(currentTarget.value)}
        ref={focusFirst}
        required
        withAsterisk={false}
        maxLength={128}
      />
      {error !== null && <Refusal {...authToWords(error, 'own-password')} />}
      <Buttons onClose={onClose}>
        <Button type="submit" loading={isBusy}>
          {word}
        </Button>
      </Buttons>
    </form>
  )
}

function Buttons({ children, onClose }: { readonly children: ReactNode; readonly onClose: () => void }) {
  return (
    <div className={styles.buttons}>
      {children}
      <Button onClick={onClose}>Leave it</Button>
    </div>
  )
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** The secret in groups of four, as it is typed. */
function secretOf(uri: string): string {
  const secret = URL.canParse(uri) ? (new URL(uri).searchParams.get('secret') ?? '') : ''
  return secret.replaceAll(/(?<group>.{4})(?=.)/gu, '$<group> ')
}
