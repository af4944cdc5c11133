import { useQuery } from '@tanstack/react-query'
import { Link, type LinkProps } from '@tanstack/react-router'
import { groupThousands } from '@varve/core/units/format-bytes'
import type { ServerInfo } from '@varve/protocol/overview'
import type { Me } from '@varve/protocol/people'
import { Dot } from '../components/marks.tsx'
import { useConnection } from '../data/live-events.tsx'
import { useTRPC } from '../data/trpc.ts'
import { useMe } from '../data/use-me.ts'
import { Logo } from '../components/logo.tsx'
import styles from './shell.module.css'

interface Entry {
  readonly to: NonNullable<LinkProps['to']>
  readonly label: string
  readonly count: (info: ServerInfo) => string | null
  /** Shown to admins only. */
  readonly isOfAdmins?: true
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
  { to: '/audit', label: 'Audit', count: () => null, isOfAdmins: true },
  { to: '/people', label: 'People', count: () => null, isOfAdmins: true },
  { to: '/settings', label: 'Settings', count: () => null },
]

const isMac = /mac/iu.test(navigator.userAgent)

interface SidebarProps {
  /** Whether the fleet may be asked for. */
  readonly isOpen: boolean
  readonly onPalette: () => void
}

export function Sidebar({ isOpen, onPalette }: SidebarProps) {
  const api = useTRPC()
  const info = useQuery(api.fleet.info.queryOptions(undefined, { refetchInterval: 30_000, enabled: isOpen }))
  const person = useMe().data?.person ?? null
  const shown = entries.filter(({ isOfAdmins }) => isOfAdmins !== true || person?.role === 'admin')
  return (
    <header className={styles.sidebar}>
      <Link to="/" className={styles.brand} aria-label="Varve, overview">
        <Logo />
        Varve
      </Link>
      <nav className={styles.nav} aria-label="Main">
        {shown.map(({ to, label, count }) => {
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
        {person !== null && <PersonLine person={person} />}
      </div>
    </header>
  )
}

/** Who is signed in: the way to their account, and out. */
function PersonLine({ person: { name, role, id } }: { readonly person: NonNullable<Me['person']> }) {
  return (
    <div className={styles.person}>
      <Link to="/account" className={styles.personName} title={`${name}, ${role}: your account`}>
        <strong>{name}</strong>
        {role}
      </Link>
      {id !== null && (
        <button
          type="button"
          className={styles.signOut}
          onClick={() => void import('../data/sign-out.ts').then(({ signOut }) => signOut())}
        >
          Sign out
        </button>
      )}
    </div>
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
