import { execa } from 'execa'
import { copyFile, open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'

const varve = resolve(import.meta.dirname, '../bin/varve.mjs')
const MiB = 1024 * 1024

test.skipIf(!requires('mkfs.ext4', 'sfdisk'))(
  'what differs is named by partition and filesystem',
  async () => {
    await using place = await tempPlace()
    const [a, b] = [place.file('a.raw'), place.file('b.raw')]
    const disk = await open(a, 'w')
    await disk.truncate(64 * MiB)
    await disk.close()
    await execa('sfdisk', ['--quiet', a], {
      input: 'label: gpt\nstart=2048, size=40960\nstart=43008, size=61440\n',
    })
    const offset = 43_008 * 512
    await runToolOk('mkfs.ext4', ['-q', '-L', 'data', '-E', `offset=${offset}`, a, '30M'])
    await copyFile(a, b)
    const changed = await open(b, 'r+')
    await changed.write(Buffer.alloc(512, 7), 0, 512, offset + 12 * MiB)
    await changed.close()
    const compare = async (...args: string[]) =>
      execa(process.execPath, [varve, 'compare', ...args], { reject: false, cwd: join(a, '..') })
    const same = await compare(a, a, '--layers')
    expect(same).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^identical/u) })
    const other = await compare(a, b, '--layers', '--json')
    expect(other.exitCode).toBe(1)
    const { chunks, ranges, layers } = JSON.parse(other.stdout)
    expect(chunks).toBe(1)
    const [range] = ranges
    expect(range.start).toBeLessThanOrEqual(offset + 12 * MiB)
    expect(range.end).toBeGreaterThan(offset + 12 * MiB)
    const named = layers
      .map(({ layer, what }: { layer: string; what: string }) => `${layer} ${what}`)
      .join('; ')
    expect(named).toMatch(/L4 partition 2/u)
    expect(named).toMatch(/L6 ext4 "data"/u)
    expect(named).not.toMatch(/partition 1/u)
    const words = await compare(a, b, '--layers')
    expect(words.stdout).toMatch(/^different: 1 chunks of 4 MiB/u)
  },
  60_000,
)
