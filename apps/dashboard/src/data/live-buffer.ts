import type { EventView, FleetEvent } from '@varve/protocol/events'

/** Holds back live events between two paints; of each thing only its newest state is kept. */
export interface LiveBuffer {
  push(event: EventView): void
  /** What has changed since the last call, oldest first. */
  drain(): readonly EventView[]
}

export function liveBuffer(): LiveBuffer {
  let held = new Map<string, EventView>()
  return {
    push(event) {
      const key = subjectOf(event.event)
      held.delete(key)
      held.set(key, event)
    },
    drain() {
      const drained = [...held.values()]
      held = new Map()
      return drained
    },
  }
}

function subjectOf(event: FleetEvent): string {
  switch (event.kind) {
    case 'host-changed':
      return `host ${event.host.name}`
    case 'image-changed':
      return `image ${event.image.id}`
    case 'image-removed':
      return `image ${event.id}`
    case 'migration-changed':
      return `migration ${event.migration.id}`
    case 'run-changed':
      return `run ${event.run.id}`
    case 'schedule-changed':
      return `schedule ${event.schedule.host} ${event.schedule.library}`
    case 'schedule-removed':
      return `schedule ${event.host} ${event.library}`
    case 'host-removed':
      return `host ${event.name}`
    case 'migration-removed':
      return `migration ${event.id}`
    case 'run-removed':
      return `run ${event.id}`
  }
}
