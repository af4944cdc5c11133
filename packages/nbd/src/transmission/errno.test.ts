import { describe, expect, test } from 'vitest'
import { DiskError } from '@varve/core/problems/disk-error'
import { describeErrno, errnoNumbers, NbdRequestError, toRequestError } from './errno.ts'

describe('errors on the wire', () => {
  test('have the numbers of the specification', () => {
    expect(errnoNumbers).toEqual({
      EPERM: 1,
      EIO: 5,
      ENOMEM: 12,
      EINVAL: 22,
      ENOSPC: 28,
      EOVERFLOW: 75,
      ENOTSUP: 95,
      ESHUTDOWN: 108,
    })
  })

  test('are told in words, known or not', () => {
    expect(describeErrno(28)).toBe('ENOSPC (no space left)')
    expect(describeErrno(4242)).toBe('error number 4242')
  })

  const cases: readonly [unknown, string, RegExp][] = [
    [new NbdRequestError('ENOSPC'), 'ENOSPC', /no space/u],
    [
      new DiskError('no-space', { file: 'a', wanted: 2, available: 1 }),
      'ENOSPC',
      /2 B are needed and 1 B are free/u,
    ],
    [new DiskError('out-of-range', { file: 'a', start: 1, end: 2, size: 1 }), 'EINVAL', /asked for/u],
    [new DiskError('parent-missing', { file: 'a', parent: 'base' }), 'EIO', /base/u],
    [new Error('/root/secret'), 'EIO', /^input\/output error$/u],
    ['thrown text', 'EIO', /^input\/output error$/u],
  ]
  test.each(cases)('%s', (error, errno, message) => {
    const told = toRequestError(error)
    expect(told.errno).toBe(errno)
    expect(told.message).toMatch(message)
  })
})
