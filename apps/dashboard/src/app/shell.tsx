import { Outlet } from '@tanstack/react-router'
import { useDidUpdate, useHotkeys } from '@mantine/hooks'
import { useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useRef, useState } from 'react'
import { timeToWords } from '../components/time-to-words.ts'
import { useNow } from '../components/use-now.ts'
import { useConnection } from '../data/live-events.tsx'
import styles from './shell.module.css'
import { Sidebar } from './sidebar.tsx'

const Palette = lazy(() => import('../features/palette/palette.tsx'))

/** Sidebar, offline bar, palette and the page. */
export function Shell() {
  const [isPaletteWanted, setPaletteWanted] = useState(false)
  const [opened, setOpened] = useState(0)
  const main = useRef<HTMLElement>(null)
  const path = useRouterState({ select: ({ location }) => location.pathname })

  const openPalette = () => {
    setPaletteWanted(true)
    setOpened((count) => count + 1)
  }
  useHotkeys([['mod+K', openPalette]], [])
  // A new page is announced and read from its start.
  useDidUpdate(() => main.current?.focus({ preventScroll: true }), [path])

  return (
    <>
      <a className={styles.skip} href="#main">
        Skip to the page
      </a>
      <div className={styles.shell}>
        <Sidebar onPalette={openPalette} />
        <div style={{ minWidth: 0 }}>
          <OfflineBar />
          <main className={styles.main} id="main" ref={main} tabIndex={-1}>
            <Outlet />
          </main>
        </div>
      </div>
      {isPaletteWanted && (
        <Suspense fallback={null}>
          <Palette opened={opened} />
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

function OfflineWords({ lostAt }: { readonly lostAt: number }) {
  const now = useNow(1000)
  return (
    <div className={styles.offline} role="status">
      <span>
        No connection to the controller since {new Date(lostAt).toLocaleTimeString('en-GB')} (
        {timeToWords(lostAt, now)}).
      </span>
      <span>What you see is from then. Running work goes on; this page catches up by itself.</span>
    </div>
  )
}
