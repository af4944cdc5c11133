import { expect, test } from 'vitest'
import { forgetUpload, idOfUpload } from './kept-uploads.ts'

const upload = { host: 'north', library: 'images', name: 'a.img', size: 5, changed: 7 }

test('the same file goes on under its id, another one gets another', () => {
  const kept = new Map<string, string>()
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  }
  const id = idOfUpload(upload, store)
  expect(id).toMatch(/^[0-9a-f]{12}$/u)
  expect(idOfUpload({ ...upload }, store)).toBe(id)
  expect(idOfUpload({ ...upload, changed: 8 }, store)).not.toBe(id)
  forgetUpload(upload, store)
  expect(idOfUpload(upload, store)).not.toBe(id)
  // What somebody wrote there is no id.
  for (const key of kept.keys()) kept.set(key, '../x')
  expect(idOfUpload(upload, store)).toMatch(/^[0-9a-f]{12}$/u)
})
