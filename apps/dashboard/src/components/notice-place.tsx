import { lazy, Suspense, useSyncExternalStore } from 'react'
import { noticesWanted } from './notify.ts'

const Notices = lazy(() => import('./notices.tsx'))

/** Where notices appear, once there is one. */
export function NoticePlace() {
  const isWanted = useSyncExternalStore(noticesWanted.subscribe, noticesWanted.read)
  if (!isWanted) return null
  return (
    <Suspense fallback={null}>
      <Notices />
    </Suspense>
  )
}
