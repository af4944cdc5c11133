import { describe, expect, test } from 'vitest'
import { commands, magics } from '../messages/numbers.ts'
import type { CommandName } from '../messages/numbers.ts'
import { NbdRequestError } from './errno.ts'
import type { NbdErrno } from './errno.ts'
import { validateRequest } from './validate-request.ts'
import type { RequestContext } from './validate-request.ts'

const MiB = 1024 * 1024
const readable: RequestContext = {
  size: 100 * MiB,
  canWrite: false,
  hasStructuredReplies: true,
  hasBlockStatus: true,
}
const writable = { ...readable, canWrite: true }
const plain = { ...readable, hasStructuredReplies: false, hasBlockStatus: false }

interface Asked {
  readonly offset?: bigint
  readonly length?: number
  readonly flags?: number
}

function validate(command: CommandName | number, asked: Asked, context: RequestContext): string {
  const type = typeof command === 'number' ? command : commands[command]
  const header = { magic: magics.request, flags: 0, type, cookie: 1n, offset: 0n, length: 512, ...asked }
  const outcome = validateRequest(header, context)
  return outcome instanceof NbdRequestError ? outcome.errno : 'ok'
}

const cases: readonly [CommandName | number, Asked, RequestContext, NbdErrno | 'ok'][] = [
  ['read', {}, readable, 'ok'],
  ['read', { offset: 100n * 1048576n - 512n }, readable, 'ok'],
  ['read', { offset: 100n * 1048576n - 511n }, readable, 'EINVAL'],
  ['read', { offset: 2n ** 64n - 1n }, readable, 'EINVAL'],
  ['read', { length: 0 }, readable, 'EINVAL'],
  ['read', { length: 32 * MiB }, readable, 'ok'],
  ['read', { length: 32 * MiB + 1 }, readable, 'EOVERFLOW'],
  ['read', { flags: 4 }, readable, 'ok'],
  ['read', { flags: 4 }, plain, 'EINVAL'],
  ['read', { flags: 8 }, readable, 'EINVAL'],
  ['write', {}, readable, 'EPERM'],
  ['write', {}, writable, 'ok'],
  ['write', { offset: 100n * 1048576n }, writable, 'ENOSPC'],
  ['write', { flags: 1 }, writable, 'ok'],
  ['trim', {}, readable, 'EPERM'],
  ['trim', {}, writable, 'ENOTSUP'],
  ['write-zeroes', {}, readable, 'EPERM'],
  ['write-zeroes', {}, writable, 'ENOTSUP'],
  ['flush', { length: 0 }, writable, 'ok'],
  ['flush', { length: 1 }, writable, 'EINVAL'],
  ['block-status', { length: 100 * MiB }, readable, 'ok'],
  ['block-status', { flags: 8 }, readable, 'ok'],
  ['block-status', { length: 0 }, readable, 'EINVAL'],
  ['block-status', { length: 101 * MiB }, readable, 'EINVAL'],
  ['block-status', {}, plain, 'EINVAL'],
  ['cache', {}, readable, 'EINVAL'],
  [77, {}, readable, 'EINVAL'],
]

describe('validateRequest', () => {
  test.each(cases)('%s %o', (command, asked, context, expected) => {
    expect(validate(command, asked, context)).toBe(expected)
  })
})
