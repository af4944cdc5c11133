import { useQuery } from '@tanstack/react-query'
import { Link, type LinkProps } from '@tanstack/react-router'
import { groupThousands } from '@varve/core/units/format-bytes'
import type { ServerInfo } from '@varve/protocol/overview'
import { Dot } from '../components/marks.tsx'
import { useConnection } from '../data/live-events.tsx'
import { useTRPC } from '../data/trpc.ts'
import { Logo } from './logo.tsx'
import styles from './shell.module.css'

interface Entry {
  readonly to: NonNullable<LinkProps['to']>
  readonly label: string
  readonly count: (info: ServerInfo) => string | null
}

const entries: readonly Entry[] = [
  { to: '/', label: 'Overview', count: () => null },
  { to: '/hosts', label: 'Hosts', count: ({ hosts }) => groupThousands(hosts.total) },
  { to: '/images', label: 'Images', count: ({ images }) => groupThousands(images) },
  {
    to: '/runs',
    label: 'Runs',
    count: ({ migrationsRunning, runsOpen }) =>
      migrationsRunning + runsOpen > 0 ? `${groupThousands(migrationsRunning + runsOpen)} open` : null,
  },
  { to: '/activity', label: 'Activity', count: () => null },
  { to: '/audit', label: 'Audit', count: () => null },
  { to: '/settings', label: 'Settings', count: () => null },
]

const isMac = /mac/iu.test(navigator.userAgent)

export function Sidebar({ onPalette }: { readonly onPalette: () => void }) {
  const api = useTRPC()
  const info = useQuery(api.fleet.info.queryOptions(undefined, { refetchInterval: 30_000 }))
  return (
    <header className={styles.sidebar}>
      <Link to="/" className={styles.brand} aria-label="Varve, overview">
        <Logo />
        Varve
      </Link>
      <nav className={styles.nav} aria-label="Main">
        {entries.map(({ to, label, count }) => {
          const words = info.data ? count(info.data) : null
          return (
            <Link
              key={label}
              to={to}
              className={styles.entry}
              activeOptions={{ exact: to === '/', includeSearch: false }}
            >
              {label}
              {words !== null && <span className={styles.count}>{words}</span>}
            </Link>
          )
        })}
      </nav>
      <div className={styles.foot}>
        <button type="button" className={styles.paletteButton} onClick={onPalette}>
          Go to… <kbd>{isMac ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
        <HostsLine info={info.data ?? null} />
      </div>
    </header>
  )
}

function HostsLine({ info }: { readonly info: ServerInfo | null }) {
  const { lostAt } = useConnection()
  if (lostAt !== null) return <FootLine tone="warn" words="controller not reached" />
  if (info === null) return <FootLine tone="soft" words="connecting…" />
  const { connected, total } = info.hosts
  if (total === 0) return <FootLine tone="soft" words="no hosts yet" />
  return (
    <FootLine
      tone={connected === total ? 'good' : 'warn'}
      words={`${connected} of ${total} ${total === 1 ? 'host' : 'hosts'} connected`}
    />
  )
}

function FootLine({ tone, words }: { readonly tone: 'good' | 'warn' | 'soft'; readonly words: string }) {
  return (
    <div className={styles.footLine} title={words}>
      <Dot tone={tone} />
      <span>{words}</span>
    </div>
  )
}
