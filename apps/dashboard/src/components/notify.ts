import type { NotificationData } from '@mantine/notifications'

type Listener = () => void

let isWanted = false
const listeners = new Set<Listener>()

/** Shows a notice at the corner of the page. What shows it is loaded with the first one. */
export async function notify(notice: NotificationData): Promise<void> {
  isWanted = true
  for (const listener of listeners) listener()
  const { notifications } = await import('@mantine/notifications')
  notifications.show(notice)
}

/** For the place that shows notices: whether there was one yet. */
export const noticesWanted = {
  subscribe: (listener: Listener): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  read: () => isWanted,
}
