import type { EventView, FleetEvent } from '@varve/protocol/events'
import { describe, expect, test } from 'vitest'
import { openDatabase, write } from '../store/database.ts'
import { createEventLog } from './event-log.ts'
import { createPublisher } from './publisher.ts'

const gone = (id: string): FleetEvent => ({ kind: 'image-removed', id, host: 'north' })

function open(keep = 1000) {
  const db = openDatabase(':memory:')
  const log = createEventLog(db, { keep, paceMs: 0 })
  const append = (id: string) => write(db, (tx) => log.append(tx, gone(id)))
  return { db, log, append }
}

async function take(events: AsyncGenerator<{ value: EventView[] }>, count: number) {
  const taken: { id: number; image: string }[] = []
  while (taken.length < count) {
    const { value: batch, done } = await events.next()
    if (done) break
    for (const { sequence, event } of batch.value) {
      taken.push({ id: sequence, image: event.kind === 'image-removed' ? event.id : '' })
    }
  }
  return taken
}

describe('events', () => {
  test('a reader gets the backlog after its place and then what comes', async () => {
    const { log, append } = open()
    const stop = new AbortController()
    append('a')
    append('b')
    const events = log.since(1, { signal: stop.signal })
    expect(await take(events, 1)).toEqual([{ id: 2, image: 'b' }])
    const next = take(events, 2)
    append('c')
    append('d')
    expect(await next).toEqual([
      { id: 3, image: 'c' },
      { id: 4, image: 'd' },
    ])
    const last = events.next()
    stop.abort()
    expect(await last).toMatchObject({ done: true })
  })

  test('a reader without a place gets only what comes', async () => {
    const { log, append } = open()
    append('a')
    const events = log.since(null, { signal: new AbortController().signal })
    const next = take(events, 1)
    append('b')
    expect(await next).toEqual([{ id: 2, image: 'b' }])
  })

  test('nothing is lost between the backlog and the first wait', async () => {
    const { log, append } = open()
    const events = log.since(0, { signal: new AbortController().signal })
    append('a')
    expect(await take(events, 1)).toEqual([{ id: 1, image: 'a' }])
    append('b')
    expect(await take(events, 1)).toEqual([{ id: 2, image: 'b' }])
  })

  test('a reader that comes late gets the newest state of each thing once', async () => {
    const { log, append } = open()
    for (const id of ['a', 'b', 'a', 'a']) append(id)
    expect(await take(log.since(0, { signal: new AbortController().signal }), 2)).toEqual([
      { id: 2, image: 'b' },
      { id: 4, image: 'a' },
    ])
  })

  test('more than a page is read to its end, and old ones are pruned', async () => {
    const { log, append } = open(250)
    for (let index = 0; index < 600; index += 1) append(`i${index}`)
    expect(await take(log.since(0, { signal: new AbortController().signal }), 600)).toHaveLength(600)
    log.prune()
    const kept = await take(log.since(0, { signal: new AbortController().signal }), 250)
    expect(kept[0]).toEqual({ id: 351, image: 'i350' })
  })

  test('activity is given newest first, page by page', () => {
    const { db, log } = open()
    for (const title of ['one', 'two', 'three']) {
      write(db, (tx) => log.note(tx, { subject: 'host', subjectId: 'north', title }))
    }
    const [first, second] = log.activity(null, 2)
    expect([first?.title, second?.title]).toEqual(['three', 'two'])
    expect(log.activity(second?.sequence ?? null, 2).map(({ title }) => title)).toEqual(['one'])
  })
})

describe('the publisher', () => {
  test('joins changes of one thing that come fast, and loses none at the end', async () => {
    const { db, log } = open()
    const published: string[] = []
    const publisher = createPublisher({
      db,
      log,
      intervalMs: 60_000,
      onError: (error) => {
        throw error
      },
      views: {
        host: (id) => {
          published.push(id)
          return gone(id)
        },
        migration: () => null,
        run: () => null,
      },
    })
    const events = log.since(null, { signal: new AbortController().signal })
    const first = take(events, 1)
    for (let index = 0; index < 100; index += 1) publisher.touch('host', 'north')
    await first
    for (let index = 0; index < 100; index += 1) publisher.touch('host', 'north')
    publisher.flush()
    expect(published).toEqual(['north', 'north'])
    publisher.stop()
  })
})
