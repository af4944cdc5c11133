import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import type { JoinTokenView, MemberView } from '@varve/protocol/trust'
import { AskedTwice } from '../../components/asked-twice.tsx'
import { Card } from '../../components/card.tsx'
import { FactList } from '../../components/fact-list.tsx'
import { Pill, TimeAgo, type Tone } from '../../components/marks.tsx'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { useTRPC } from '../../data/trpc.ts'
import { barredBy, useMayNot } from '../../data/use-may.ts'
import styles from './fleet.module.css'
import { useChange } from './use-change.ts'

/** By what the fleet is known, who has a certificate of it, and which tokens were made. */
export function TrustCard() {
  const api = useTRPC()
  const trust = useQuery(api.trust.view.queryOptions(undefined, { refetchInterval: 10_000 }))
  if (trust.isError && !trust.data)
    return <ErrorCard error={trust.error} onRetry={() => void trust.refetch()} />
  if (!trust.data)
    return (
      <Card title="Certificates">
        <SkeletonRows rows={3} height={44} />
      </Card>
    )
  const { fleet, roots, members, tokens } = trust.data
  const current = members.filter(({ state }) => state !== 'superseded')
  const open = tokens.filter(({ state }) => state === 'open')
  return (
    <Card title="Certificates">
      <FactList
        facts={[
          ['Fleet', fleet],
          ...roots.map(({ pin }, at) => [at === 0 ? 'Key' : 'Older key', pin] as const),
        ]}
      />
      {current.length === 0 && <p className={styles.soft}>No host has joined with a certificate yet.</p>}
      {current.length > 0 && (
        <ul className={`${styles.rows} ${styles.listBelow}`} aria-label="Hosts with a certificate">
          {current.map((member) => (
            <MemberRow key={member.serial} member={member} />
          ))}
        </ul>
      )}
      {open.length > 0 && (
        <ul className={`${styles.rows} ${styles.listBelow}`} aria-label="Tokens that may be used">
          {open.map((token) => (
            <TokenRow key={token.id} token={token} />
          ))}
        </ul>
      )}
    </Card>
  )
}

const toneOf: Readonly<Record<MemberView['state'], Tone>> = {
  issued: 'plain',
  active: 'good',
  superseded: 'soft',
  stopped: 'bad',
  revoked: 'soft',
}

const wordOf: Readonly<Record<MemberView['state'], string>> = {
  issued: 'not used yet',
  active: 'in use',
  superseded: 'replaced',
  stopped: 'stopped',
  revoked: 'revoked',
}

function MemberRow({ member }: { readonly member: MemberView }) {
  const { name, state, reason, notAfter } = member
  const barred = useMayNot()('change-fleet')
  const api = useTRPC()
  const change = useChange(api.trust.view.queryKey())
  const revoke = useMutation(api.trust.revoke.mutationOptions(change))
  const allow = useMutation(api.trust.allow.mutationOptions(change))
  return (
    <li>
      <div className={`${styles.row} ${styles.member}`}>
        <span className={styles.title}>{name}</span>
        <span>
          <Pill tone={toneOf[state]}>{wordOf[state]}</Pill>
        </span>
        <span className={styles.soft}>{reason === '' ? `good until ${notAfter.slice(0, 10)}` : reason}</span>
        <span className={styles.keptButtons}>
          {state === 'stopped' && (
            <AskedTwice
              word="Allow again…"
              surely={`The copy of ${name} is off: allow it`}
              isBusy={allow.isPending}
              barred={barred}
              onSure={() => allow.mutate({ name })}
            />
          )}
          {state !== 'revoked' && (
            <AskedTwice
              word="Revoke…"
              surely={`Cut ${name} off for good`}
              isBusy={revoke.isPending}
              barred={barred}
              onSure={() => revoke.mutate({ name })}
            />
          )}
        </span>
      </div>
    </li>
  )
}

function TokenRow({ token }: { readonly token: JoinTokenView }) {
  const api = useTRPC()
  const cancel = useMutation(api.trust.cancelToken.mutationOptions(useChange(api.trust.view.queryKey())))
  const { id, pattern, madeAt } = token
  const barred = useMayNot()('change-fleet')
  return (
    <li>
      <div className={`${styles.row} ${styles.member}`}>
        <span className={styles.title}>Token {id}</span>
        <span>
          <Pill>may be used</Pill>
        </span>
        <span className={styles.soft}>
          for {pattern === '*' ? 'any host' : pattern}, made <TimeAgo at={madeAt} />
        </span>
        <span className={styles.keptButtons}>
          <Button loading={cancel.isPending} {...barredBy(barred)} onClick={() => cancel.mutate({ id })}>
            Cancel
          </Button>
        </span>
      </div>
    </li>
  )
}
