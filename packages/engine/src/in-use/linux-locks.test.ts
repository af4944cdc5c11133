import { stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { deviceNumbers, makeDevice } from '../system/device-numbers.ts'
import { isWritersLock, parseLocks, placeOf } from './linux-locks.ts'

test.each([
  // What QEMU holds on an image that it writes to, and on one that it reads.
  ['1: OFDLCK ADVISORY  READ -1 fe:00:123 100 101', true],
  ['2: OFDLCK ADVISORY  READ -1 fe:00:123 103 103', true],
  ['3: OFDLCK ADVISORY  READ -1 fe:00:123 203 203', false],
  ['4: OFDLCK ADVISORY  READ -1 fe:00:123 201 201', false],
  ['5: OFDLCK ADVISORY  READ -1 fe:00:123 100 100', false],
  ['6: OFDLCK ADVISORY  READ -1 fe:00:123 200 200', true],
  ['lock:\t1: OFDLCK ADVISORY  READ -1 fe:00:123 100 103', true],
  ['1: POSIX  ADVISORY  WRITE 4242 08:01:7 0 EOF', true],
  ['1: POSIX  ADVISORY  READ 4242 08:01:7 0 EOF', false],
  ['1: FLOCK  ADVISORY  WRITE 4242 08:01:7 0 EOF', true],
  ['1: FLOCK  ADVISORY  READ 4242 08:01:7 0 EOF', false],
  ['1: LEASE  ACTIVE    WRITE 4242 08:01:7 0 EOF', false],
])('%s', (line, expected) => {
  const [lock] = parseLocks(line)
  expect(lock && isWritersLock(lock)).toBe(expected)
})

test.each(['', 'half a line', '1: -> FLOCK  ADVISORY  WRITE 77 08:01:7 0 EOF', '1: POSIX ADVISORY READ 1'])(
  'no lock: %j',
  (line) => {
    expect(parseLocks(line)).toEqual([])
  },
)

test('devices have the numbers that the kernel writes', async () => {
  expect(deviceNumbers(65024n)).toEqual([254n, 0n])
  expect(placeOf(65024n, 12_305_534n)).toBe('fe:00:12305534')
  const all: readonly (readonly [bigint, bigint])[] = [
    [8n, 1n],
    [0n, 42n],
    [259n, 70_000n],
    [4095n, 255n],
  ]
  for (const [major, minor] of all) expect(deviceNumbers(makeDevice(major, minor))).toEqual([major, minor])
  const { rdev } = await stat('/dev/null', { bigint: true })
  if (process.platform === 'linux') expect(deviceNumbers(rdev)).toEqual([1n, 3n])
})
