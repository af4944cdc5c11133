import { countOf } from '@varve/core/units/format-bytes'
import type { ActivityRow } from '@varve/protocol/events'

/** What happened to one image. */
export interface ImageChange {
  readonly kind: 'appeared' | 'changed' | 'vanished'
  readonly host: string
  readonly id: string
  readonly name: string
}

export interface ImageActivityOptions {
  readonly note: (row: Omit<ActivityRow, 'sequence' | 'at'>) => void
  /** Changes of one host within so long are told together. */
  readonly gatherMs: number
}

/** Tells of images for people: each by name where they are few, by their number where they are many. */
export interface ImageActivity {
  add(change: ImageChange): void
  /** Tells now what was gathered. */
  flush(): void
  stop(): void
}

/** More than this of one kind and host are told by their number. */
const mostByName = 3
/** An image that changes all the time, such as that of a running machine, is told of once in so long. */
const changedEveryMs = 10 * 60_000
const mostRemembered = 10_000

export function createImageActivity({ note, gatherMs }: ImageActivityOptions): ImageActivity {
  /** By host and kind: how many, and the first of them. */
  const gathered = new Map<string, { count: number; first: ImageChange[] }>()
  const toldAt = new Map<string, number>()
  let timer: NodeJS.Timeout | null = null

  function flush(): void {
    if (timer) clearTimeout(timer)
    timer = null
    const groups = [...gathered.values()]
    gathered.clear()
    for (const { count, first } of groups) {
      const [some] = first
      if (!some) continue
      if (count > mostByName) {
        const title = `${countOf(count, 'image')} ${some.kind} on ${some.host}`
        note({ subject: 'host', subjectId: some.host, title })
        continue
      }
      for (const { id, host, name, kind } of first) {
        note({ subject: 'image', subjectId: id, title: `${host}:${name} ${kind}` })
      }
    }
  }

  function wasTold(id: string): boolean {
    const now = performance.now()
    if (now - (toldAt.get(id) ?? Number.NEGATIVE_INFINITY) < changedEveryMs) return true
    toldAt.delete(id)
    toldAt.set(id, now)
    for (const oldest of toldAt.keys()) {
      if (toldAt.size <= mostRemembered) break
      toldAt.delete(oldest)
    }
    return false
  }

  return {
    add(change) {
      if (change.kind === 'changed' && wasTold(change.id)) return
      // What has just appeared changes while it is still being written: it is not told of twice.
      if (change.kind === 'appeared') wasTold(change.id)
      if (change.kind === 'vanished') toldAt.delete(change.id)
      const key = `${change.host} ${change.kind}`
      const group = gathered.get(key) ?? { count: 0, first: [] }
      group.count += 1
      if (group.first.length < mostByName) group.first.push(change)
      gathered.set(key, group)
      timer ??= setTimeout(flush, gatherMs)
    },
    flush,
    stop: flush,
  }
}
