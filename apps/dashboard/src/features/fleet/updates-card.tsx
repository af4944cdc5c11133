import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { countOf } from '@varve/core/units/format-bytes'
import type { RolloutHost, RolloutView, UpdatesView } from '@varve/protocol/updates'
import { AskedTwice } from '../../components/asked-twice.tsx'
import { Card } from '../../components/card.tsx'
import { Pill, TimeAgo, type Tone } from '../../components/marks.tsx'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { useTRPC } from '../../data/trpc.ts'
import { barredBy, useMayNot } from '../../data/use-may.ts'
import styles from './fleet.module.css'
import { useChange } from './use-change.ts'

const goingMs = 1000
const restingMs = 15_000
/** Rows at first; the rest is counted. */
const shownHosts = 12

/** What the agents can be updated to, and how that goes. */
export function UpdatesCard() {
  const api = useTRPC()
  const updates = useQuery(
    api.updates.view.queryOptions(undefined, {
      refetchInterval: ({ state }) => (openOf(state.data) ? goingMs : restingMs),
    }),
  )
  if (updates.isError && !updates.data)
    return <ErrorCard error={updates.error} onRetry={() => void updates.refetch()} />
  const [newest] = updates.data?.rollouts ?? []
  return (
    <Card title="Updates">
      {updates.data ? <Offer view={updates.data} /> : <SkeletonRows rows={2} height={30} />}
      {newest && <Rollout rollout={newest} />}
    </Card>
  )
}

function openOf(view: UpdatesView | undefined): RolloutView | undefined {
  return view?.rollouts.find(({ state }) => state === 'open')
}

function Offer({ view }: { readonly view: UpdatesView }) {
  const { release, outdated, otherwise } = view
  const api = useTRPC()
  const start = useMutation(api.updates.start.mutationOptions(useChange(api.updates.view.queryKey())))
  const barred = useMayNot()('change-fleet')
  const rest =
    otherwise === 0
      ? null
      : ` ${countOf(otherwise, 'host')} ${otherwise === 1 ? 'was' : 'were'} not installed by the line, and ${otherwise === 1 ? 'is' : 'are'} updated as ${otherwise === 1 ? 'it was' : 'they were'} installed.`
  if (release.version === null)
    return <p className={styles.soft}>Agents cannot be updated from here: {release.reason}.</p>
  if (outdated.length === 0)
    return (
      <p className={styles.soft}>
        Varve {release.version} is served, and no agent that can be updated has an older one.{rest}
      </p>
    )
  const all = countOf(outdated.length, 'agent')
  return (
    <div className={styles.offer}>
      <p>
        Varve {release.version} is newer than what {all} {outdated.length === 1 ? 'has' : 'have'}
        {outdated.length <= 3 && `: ${outdated.join(', ')}`}.
        <span className={styles.soft}>
          {' '}
          One host first, then a tenth, then the rest; each starts anew when nothing runs there, and goes back
          by itself if it does not do well.{rest}
        </span>
      </p>
      {!openOf(view) && (
        <AskedTwice
          word={`Update ${all}…`}
          surely={`Begin with ${outdated[0]}`}
          tone="plain"
          isBusy={start.isPending}
          barred={barred}
          onSure={() => start.mutate({})}
        />
      )}
    </div>
  )
}

const toneOf: Readonly<Record<RolloutHost['state'], Tone>> = {
  waiting: 'soft',
  staging: 'accent',
  switching: 'accent',
  checking: 'accent',
  updated: 'good',
  'rolled-back': 'bad',
  failed: 'bad',
  skipped: 'soft',
}

const wordOf: Readonly<Record<RolloutHost['state'], string>> = {
  waiting: 'waits',
  staging: 'fetches it',
  switching: 'starts anew',
  checking: 'is looked at',
  updated: 'updated',
  'rolled-back': 'went back',
  failed: 'failed',
  skipped: 'left as it is',
}

const endOf: Readonly<Record<RolloutView['state'], string>> = {
  open: 'goes on',
  done: 'is done',
  stopped: 'has stopped',
  canceled: 'was canceled',
}

function Rollout({ rollout }: { readonly rollout: RolloutView }) {
  const { id, version, state, reason, counts, hosts, startedAt } = rollout
  const api = useTRPC()
  const cancel = useMutation(api.updates.cancel.mutationOptions(useChange(api.updates.view.queryKey())))
  const barred = useMayNot()('change-fleet')
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return (
    <section className={styles.listBelow} aria-label="The newest update">
      <div className={styles.offer}>
        <p>
          The update to Varve {version} {endOf[state]}: {counts.updated} of {total} updated.{' '}
          <span className={styles.soft}>
            Begun <TimeAgo at={startedAt} />.
          </span>
        </p>
        {state === 'open' && (
          <Button loading={cancel.isPending} {...barredBy(barred)} onClick={() => cancel.mutate({ id })}>
            Cancel
          </Button>
        )}
      </div>
      {state === 'stopped' && <p className={styles.bad}>{reason}. The other hosts were left as they are.</p>}
      <ul className={`${styles.rows} ${styles.listBelow}`} aria-label="Hosts of the update">
        {hosts.slice(0, shownHosts).map((host) => (
          <HostRow key={host.name} host={host} />
        ))}
      </ul>
      {total > shownHosts && (
        <p className={styles.soft}>And {countOf(total - shownHosts, 'more host')}: varve agents updates.</p>
      )}
    </section>
  )
}

function HostRow({ host }: { readonly host: RolloutHost }) {
  const { name, state, ring, detail, from, to } = host
  return (
    <li>
      <div className={`${styles.row} ${styles.place}`}>
        <span className={styles.title}>{name}</span>
        <span>
          <Pill tone={toneOf[state]}>{wordOf[state]}</Pill>{' '}
          <span className={styles.soft}>ring {ring + 1}</span>
        </span>
        <span className={styles.soft}>
          {detail === '' && from !== null ? `${from} → ${to ?? ''}` : detail}
        </span>
      </div>
    </li>
  )
}
