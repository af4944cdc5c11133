import { Button, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { Me } from '@varve/protocol/people'
import { useState, type SubmitEvent } from 'react'
import { focusFirst } from '../components/focus-first.ts'
import { toDeviceSearch } from '../app/page-search.ts'
import { Refusal } from '../components/refusal.tsx'
import { SkeletonRows } from '../components/states.tsx'
import { getAuth, postAuth } from '../data/auth.ts'
import { authToWords } from '../data/auth-to-words.ts'
import { useGate, useMe } from '../data/use-me.ts'
import { Door } from '../features/sign-in/door.tsx'
import styles from '../features/sign-in/sign-in.module.css'

const route = getRouteApi('/device')

/** Lets a command in that shows a code in its terminal. */
export function DevicePage() {
  const isOpen = useGate()
  // What the address says beside what was looked at stays in the router's own search.
  const { user_code: code } = toDeviceSearch({ ...route.useSearch() })
  const person = useMe().data?.person ?? null
  return (
    <Door title="Let a command in">
      {!isOpen || person === null ? (
        <SkeletonRows rows={3} height={36} />
      ) : person.id === null ? (
        <p className={styles.soft}>Nobody signs in here: commands are let in without asking.</p>
      ) : code === undefined ? (
        <CodeForm />
      ) : (
        <Request key={code} code={code} person={person} />
      )}
    </Door>
  )
}

function CodeForm() {
  const navigate = route.useNavigate()
  const [typed, setTyped] = useState('')
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    void navigate({ search: { user_code: typed.trim().toUpperCase() } })
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextInput
        label="Code"
        description="As varve login shows it in its terminal."
        placeholder="ABCD-EFGH"
        value={typed}
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        autoCapitalize="characters"
        autoComplete="off"
        spellCheck={false}
        ref={focusFirst}
        required
        withAsterisk={false}
        pattern="\s*[A-Za-z0-9\-]{4,32}\s*"
        maxLength={34}
      />
      <Button type="submit" variant="filled">
        Go on
      </Button>
    </form>
  )
}

interface RequestProps {
  readonly code: string
  readonly person: NonNullable<Me['person']>
}

function Request({ code, person }: RequestProps) {
  const request = useQuery({
    queryKey: ['device', code],
    queryFn: () => getAuth('/device', { user_code: code }),
    retry: false,
    staleTime: Infinity,
  })
  const answer = useMutation({
    mutationFn: async (verdict: 'approve' | 'deny') => {
      await postAuth(`/device/${verdict}`, { userCode: code })
      return verdict
    },
  })
  if (request.isError) {
    return (
      <>
        <Refusal {...authToWords(request.error, 'device')} />
        <CodeForm />
      </>
    )
  }
  if (!request.data) return <SkeletonRows rows={3} height={36} />
  const status = answer.data === undefined ? request.data['status'] : answer.data
  if (status === 'approve' || status === 'approved') {
    return (
      <p className={styles.soft} role="status">
        <strong>It is let in</strong> as {person.name}, and goes on in its terminal: this page can be closed.
        Your{' '}
        <Link className={styles.link} to="/account">
          account
        </Link>{' '}
        lists it among the sessions, and ends it.
      </p>
    )
  }
  if (status !== 'pending') {
    return (
      <p className={styles.soft} role="status">
        <strong>It is kept out.</strong> Whoever started it is told so.
      </p>
    )
  }
  const asker = askerOf(request.data)
  return (
    <>
      <div className={styles.code}>{code}</div>
      <p className={styles.soft}>
        Compare this with what the terminal shows. If you have not run varve login
        {asker !== null && (
          <>
            {' '}
            on <strong>{asker}</strong>
          </>
        )}{' '}
        yourself, keep it out.
      </p>
      <p className={styles.soft}>
        Let in, it acts as <strong>{person.name}</strong>, {person.role}, and may do all that you may.
      </p>
      {answer.isError && <Refusal {...authToWords(answer.error, 'device')} />}
      <div className={styles.choices}>
        <Button
          variant="filled"
          loading={answer.isPending && answer.variables === 'approve'}
          onClick={() => answer.mutate('approve')}
        >
          Let it in
        </Button>
        <Button
          color="bad"
          loading={answer.isPending && answer.variables === 'deny'}
          onClick={() => answer.mutate('deny')}
        >
          Keep it out
        </Button>
      </div>
    </>
  )
}

/** The machine that asks, as it said itself. */
function askerOf({ scope }: Readonly<Record<string, unknown>>): string | null {
  if (typeof scope !== 'string') return null
  return /^command@(?<host>.{1,128})$/u.exec(scope)?.groups?.['host'] ?? null
}
