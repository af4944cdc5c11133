import { DiskError } from '@varve/core/problems/disk-error'
import { expect, test } from 'vitest'
import { forgetHost } from '../store/forget-store.ts'
import { findingGroups, imageRow, imageView } from '../store/images-store.ts'
import { saveImage } from '../store/save-images.ts'
import { changeOf } from '../store/verifications-store.ts'
import { days, hours } from '../testing/driven-clock.ts'
import { sampleRecord } from '../testing/samples.ts'
import { scheduledFleet } from '../testing/scheduled-fleet.ts'

const january = '2026-01-01T00:00:00.000Z'
const february = '2026-02-01T00:00:00.000Z'
const three = { 'a.raw': february, 'b.raw': january, 'c.raw': null }

test('images with a manifest are verified one after the other, the oldest first; those without are counted', async () => {
  const fleet = scheduledFleet(three)
  await fleet.set()
  expect(fleet.names()).toEqual(['b.raw'])
  expect(fleet.view()).toMatchObject({ state: 'running', withoutManifest: 1, due: 1, images: 3 })
  expect(fleet.view().running).toEqual([{ id: fleet.imageId('b.raw'), name: 'b.raw', run: 'run-1' }])
  await fleet.end()
  expect(fleet.names()).toEqual(['b.raw', 'a.raw'])
  await fleet.clock.forward(hours(1))
  await fleet.end()
  expect(fleet.view()).toMatchObject({
    state: 'idle',
    due: 0,
    lastAt: '2026-03-01T13:00:00.000Z',
    nextAt: '2026-03-02T12:00:00.000Z',
  })
  await fleet.clock.forward(hours(22))
  expect(fleet.names()).toEqual(['b.raw', 'a.raw'])
  await fleet.clock.forward(hours(1))
  expect(fleet.names()).toEqual(['b.raw', 'a.raw', 'b.raw'])
  expect(fleet.errors).toEqual([])
})

test('runs begin in the window only, which goes over midnight', async () => {
  const fleet = scheduledFleet({ 'a.raw': january, 'b.raw': january })
  await fleet.set({ window: { from: '22:00', to: '06:00' } })
  expect(fleet.view()).toMatchObject({
    state: 'waits-for-window',
    due: 2,
    nextAt: '2026-03-01T22:00:00.000Z',
    zone: 'UTC',
  })
  await fleet.clock.forward(hours(9.9))
  expect(fleet.names()).toEqual([])
  await fleet.clock.forward(hours(0.1))
  expect(fleet.names()).toEqual(['a.raw'])
  // It takes until after the window: the next one waits.
  await fleet.clock.forward(hours(9))
  await fleet.end()
  expect(fleet.names()).toEqual(['a.raw'])
  expect(fleet.view().state).toBe('waits-for-window')
  await fleet.clock.forward(hours(15))
  expect(fleet.names()).toEqual(['a.raw', 'b.raw'])
})

test('an offline host is waited for', async () => {
  const fleet = scheduledFleet({ 'a.raw': january })
  await fleet.set()
  await fleet.end()
  await fleet.presence(false)
  await fleet.clock.forward(days(3))
  expect(fleet.names()).toEqual(['a.raw'])
  expect(fleet.view()).toMatchObject({ state: 'waits-for-host', due: 1, nextAt: '2026-03-02T12:00:00.000Z' })
  await fleet.presence(true)
  expect(fleet.names()).toEqual(['a.raw', 'a.raw'])
})

test('a host that goes while its run is planned gets the same run when it is back', async () => {
  const fleet = scheduledFleet({ 'a.raw': january })
  fleet.refuse = () => new DiskError('agent-gone', { file: 'a.raw', host: 'north' })
  await fleet.set()
  await fleet.presence(false)
  expect(fleet.view()).toMatchObject({ state: 'waits-for-host', due: 1, failed: null })
  fleet.refuse = () => null
  await fleet.presence(true)
  expect(fleet.names()).toEqual(['a.raw'])
})

test('after a restart nothing runs twice and nothing is forgotten', async () => {
  const fleet = scheduledFleet({ 'a.raw': january, 'b.raw': february })
  await fleet.set()
  await fleet.restart()
  expect(fleet.names()).toEqual(['a.raw'])
  await fleet.end()
  await fleet.restart()
  await fleet.restart()
  expect(fleet.names()).toEqual(['a.raw', 'b.raw'])
  await fleet.end()
  await fleet.restart()
  await fleet.clock.forward(hours(23))
  expect(fleet.names()).toHaveLength(2)
  await fleet.clock.forward(hours(1))
  expect(fleet.names()).toHaveLength(3)
})

test('a controller that died between its wish and the run starts it once, under the same key', async () => {
  const fleet = scheduledFleet({ 'a.raw': january })
  fleet.refuse = () => new Error('killed')
  await fleet.set()
  expect(fleet.errors).toHaveLength(1)
  fleet.refuse = () => null
  await fleet.restart()
  const key = fleet.runs[0]?.key
  // It died again, before it kept which run that is.
  fleet.db.$client.exec('UPDATE image_verifications SET runId = NULL')
  await fleet.restart()
  expect(fleet.runs.map((run) => run.key)).toEqual([key])
})

test('what is refused or fails is tried again when it is due again, not before', async () => {
  const fleet = scheduledFleet({ 'a.raw': january, 'b.raw': february })
  fleet.refuse = (name) =>
    name === 'a.raw'
      ? new DiskError('refused', { file: name, reason: 'a machine has it open', remedy: 'Stop it.' })
      : null
  await fleet.set()
  expect(fleet.names()).toEqual(['b.raw'])
  await fleet.end('failed')
  expect(fleet.view()).toMatchObject({ state: 'idle', due: 0, failed: { images: 2 } })
  expect(fleet.activity().filter((title) => title.includes('a.raw could not be verified'))).toHaveLength(1)
  await fleet.clock.forward(hours(23))
  expect(fleet.names()).toEqual(['b.raw'])
  fleet.refuse = () => null
  await fleet.clock.forward(hours(1))
  expect(fleet.names()).toEqual(['b.raw', 'a.raw'])
  await fleet.end()
  await fleet.end('canceled')
  expect(fleet.view()).toMatchObject({
    failed: { images: 1, newest: { name: 'b.raw', error: { code: 'canceled' } } },
  })
})

test('a change is a finding of the image until it is equal again, whatever its host reports meanwhile', async () => {
  const fleet = scheduledFleet({ 'a.raw': january })
  const shown = () => ({
    row: imageRow(fleet.db, fleet.imageId('a.raw'))?.findings,
    view: imageView(fleet.db, fleet.imageId('a.raw'), () => false)?.report.problems.map(({ id }) => id),
    groups: findingGroups(fleet.db, 10).map(({ problem }) => problem.id),
  })
  const found = {
    row: { block: 1, warn: 0, info: 0 },
    view: ['content-changed'],
    groups: ['content-changed'],
  }
  await fleet.set()
  await fleet.end({
    state: 'differs',
    differing: 2,
    chunks: [3, 7],
    layers: [{ layer: 'L6', what: 'ext4 "root"', bytes: 1, ranges: [] }],
  })
  expect(shown()).toEqual(found)
  expect(fleet.activity()[0]).toBe(
    'north:/srv/north/a.raw: its disk is not what it was at 2026-01-01 00:00 UTC: 2 chunks of 4 MiB differ (3, 7), in L6 ext4 "root"',
  )
  expect(fleet.view()).toMatchObject({ changed: 1, state: 'idle' })
  saveImage(fleet.db, 'north', { ...sampleRecord('north', 'a.raw'), fingerprint: 'another' })
  expect(shown()).toEqual(found)
  await fleet.clock.forward(days(1))
  await fleet.end()
  expect(shown()).toEqual({ row: { block: 0, warn: 0, info: 0 }, view: [], groups: [] })
  expect(fleet.activity()[0]).toContain('again what its manifest says')
  expect(fleet.view().changed).toBe(0)
})

test('what was found against a manifest does not count against a newer one', async () => {
  const kept: Record<string, string | null> = { 'a.raw': january }
  const fleet = scheduledFleet(kept)
  await fleet.set({ everySeconds: 30 * 86_400 })
  await fleet.end({ state: 'differs', differing: 1, chunks: [0] })
  expect(fleet.view().changed).toBe(1)
  kept['a.raw'] = '2026-03-01T12:30:00.000Z'
  await fleet.clock.forward(hours(1.1))
  expect(fleet.view().changed).toBe(0)
  expect(fleet.view().nextAt).toBe('2026-03-31T12:30:00.000Z')
})

test('a host that is forgotten has no schedule, and nothing is known of its images', async () => {
  const fleet = scheduledFleet({ 'a.raw': january })
  await fleet.set()
  await fleet.end({ state: 'differs', differing: 1, chunks: [0] })
  forgetHost(fleet.db, 'north')
  expect(() => fleet.view()).toThrow('there is no schedule')
  expect(changeOf(fleet.db, fleet.imageId('a.raw'))).toBeNull()
  await fleet.clock.forward(days(3))
  expect(fleet.names()).toEqual(['a.raw'])
  expect(fleet.errors).toEqual([])
})

test('a schedule that is off or removed starts nothing; what runs goes on', async () => {
  const fleet = scheduledFleet({ 'a.raw': january, 'b.raw': february })
  await fleet.set()
  await fleet.set({ isOn: false })
  expect(fleet.view()).toMatchObject({ state: 'running', nextAt: null, isOn: false })
  await fleet.end()
  expect(fleet.view().state).toBe('off')
  await fleet.clock.forward(days(40))
  expect(fleet.names()).toEqual(['a.raw'])
  await fleet.set()
  expect(fleet.names()).toEqual(['a.raw', 'b.raw'])
  fleet.remove()
  await fleet.end()
  await fleet.clock.forward(days(40))
  expect(fleet.names()).toEqual(['a.raw', 'b.raw'])
  expect(() => fleet.remove()).toThrow(/no schedule of that name/u)
  await expect(fleet.set({ library: 'other' })).rejects.toThrow(/no library "other"/u)
})
