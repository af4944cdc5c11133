import { Outlet, useRouterState } from '@tanstack/react-router'
import { useDidUpdate, useHotkeys } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { timeToWords } from '../components/time-to-words.ts'
import { useNow } from '../components/use-now.ts'
import { useTRPC } from '../data/trpc.ts'
import { useConnection } from '../data/live-events.tsx'
import { useGate, useMe } from '../data/use-me.ts'
import { loadAllPages } from './lazy-page.ts'
import styles from './shell.module.css'
import { Sidebar } from './sidebar.tsx'

const Palette = lazy(() => import('../features/palette/palette.tsx'))

/** Pages that nobody asked for yet are loaded so long after the start. */
const idleAfterMs = 5000

/** Pages for who may not be signed in yet: they ask for nothing of the fleet. */
const doors: ReadonlySet<string> = new Set(['/sign-in', '/device'])

/** What every page stands in. */
export function Root() {
  // What is shown, not where the address leads: a page that is on its way out stays behind the gate.
  const shown = useRouterState({ select: ({ matches }) => matches.at(-1)?.routeId ?? '' })
  return doors.has(shown) ? <Outlet /> : <Shell />
}

/** Sidebar, offline bar, palette and the page. */
function Shell() {
  const isOpen = useGate()
  const [isPaletteWanted, setPaletteWanted] = useState(false)
  const [isPaletteOpen, setPaletteOpen] = useState(false)
  const main = useRef<HTMLElement>(null)
  const path = useRouterState({ select: ({ location }) => location.pathname })

  const openPalette = () => {
    setPaletteWanted(true)
    setPaletteOpen(true)
  }
  useHotkeys([['mod+K', openPalette]], [])
  // So that going to another page needs no controller.
  useEffect(() => {
    const timer = setTimeout(() => void loadAllPages(), idleAfterMs)
    return () => clearTimeout(timer)
  }, [])
  // A new page is announced and read from its start.
  useDidUpdate(() => main.current?.focus({ preventScroll: true }), [path])

  return (
    <>
      <a className={styles.skip} href="#main">
        Skip to the page
      </a>
      <div className={styles.shell}>
        <Sidebar isOpen={isOpen} onPalette={openPalette} />
        <div style={{ minWidth: 0 }}>
          <div className={styles.bars}>
            <OfflineBar />
            {isOpen && <PlainTextBar />}
            <SignInOffBar />
          </div>
          <main className={styles.main} id="main" ref={main} tabIndex={-1}>
            {isOpen && <Outlet />}
          </main>
        </div>
      </div>
      {isPaletteWanted && isOpen && (
        <Suspense fallback={null}>
          <Palette opened={isPaletteOpen} onClose={() => setPaletteOpen(false)} />
        </Suspense>
      )}
    </>
  )
}

function OfflineBar() {
  const { lostAt } = useConnection()
  if (lostAt === null) return null
  return <OfflineWords lostAt={lostAt} />
}

/** Says on every page that the network can listen. */
function PlainTextBar() {
  const api = useTRPC()
  const info = useQuery(api.fleet.info.queryOptions())
  if (info.data?.isOpen !== true) return null
  return (
    <div className={styles.bar} role="note">
      <span>Plain text: what this controller is told and says, passwords too, can be read on the way.</span>
      <span>Start it without --plain-text to have hosts show a certificate.</span>
    </div>
  )
}

/** Says on every page that nobody has to say who they are. */
function SignInOffBar() {
  if (useMe().data?.isSignInOff !== true) return null
  return (
    <div className={styles.bar} role="note">
      <span>Nobody signs in here: everybody who reaches this controller is an admin.</span>
    </div>
  )
}

function OfflineWords({ lostAt }: { readonly lostAt: number }) {
  const now = useNow(1000)
  return (
    <div className={styles.bar} role="status">
      <span>
        No connection to the controller since {new Date(lostAt).toLocaleTimeString('en-GB')} (
        {timeToWords(lostAt, now)}).
      </span>
      <span>What you see is from then. Running work goes on; this page catches up by itself.</span>
    </div>
  )
}
