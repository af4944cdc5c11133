import { expect, test } from 'vitest'
import { releaseMemory } from './release-memory.ts'

test('bytes of their own are given back, parts and shared memory are left', () => {
  const own = new Uint8Array(100)
  releaseMemory(own)
  expect(own.length).toBe(0)
  const part = new Uint8Array(100).subarray(1)
  releaseMemory(part)
  expect(part.length).toBe(99)
  const shared = new Uint8Array(new SharedArrayBuffer(100))
  releaseMemory(shared)
  expect(shared.length).toBe(100)
})
