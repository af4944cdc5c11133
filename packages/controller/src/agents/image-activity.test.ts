import { expect, test } from 'vitest'
import { createImageActivity, type ImageChange } from './image-activity.ts'

function gather() {
  const titles: string[] = []
  const activity = createImageActivity({ gatherMs: 1e6, note: ({ title }) => titles.push(title) })
  const add = (kind: ImageChange['kind'], count: number, from = 0) => {
    for (let index = from; index < from + count; index += 1) {
      activity.add({ kind, host: 'north', id: `i${index}`, name: `${index}.raw` })
    }
  }
  return { titles, activity, add }
}

test('few images are told by name, many by their number', () => {
  const { titles, activity, add } = gather()
  add('appeared', 1204)
  add('vanished', 2)
  activity.flush()
  expect(titles).toEqual(['1,204 images appeared on north', 'north:0.raw vanished', 'north:1.raw vanished'])
  activity.stop()
})

test('an image that changes all the time is told of once, and not when it has just appeared', () => {
  const { titles, activity, add } = gather()
  add('appeared', 1)
  add('changed', 1)
  for (let round = 0; round < 5; round += 1) add('changed', 1, 7)
  activity.stop()
  expect(titles).toEqual(['north:0.raw appeared', 'north:7.raw changed'])
})
