import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectImage } from '@varve/core/layers/inspect-image'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { nodePorts } from '@varve/engine/ports/ports'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { openTestHost, type TestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal
const MiB = 1024 * 1024
/** Some thirty processes, one after the other. */
const walkTime = 900_000

async function run(host: TestHost, operation: string, request: unknown) {
  const plan = await host.plan(operation, request)
  if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
  return await host.runs.start({ plan, request, accepted: [] }, { stop })
}

async function digestOf(path: string): Promise<string> {
  return (await digestDisk({ kind: 'image', path, roots: null, format: null })).digest
}

async function identityOf(path: string) {
  const { format, subformat, details } = await inspectImage(path, nodePorts({ roots: null }), { map: false })
  // The UUID of a VHD stands in its footer, at 68 of the last 512 bytes.
  const uuid =
    format === 'vhd' ? (await readFile(path)).subarray(-512).subarray(68, 84).toString('hex') : null
  return { format, subformat, details: { ...details, uuid } }
}

const visible = async (folder: string) =>
  (await readdir(folder))
    .filter((name) => !name.startsWith('.') && name !== 'runs' && name !== 'state')
    .sort()

describe('clone', () => {
  test.each([
    ['vhd', 'fixed'],
    ['vhd', 'dynamic'],
    ['vhdx', 'dynamic'],
    ['vdi', 'fixed'],
    ['vmdk', 'monolithicSparse'],
    ['qcow2', null],
  ] as const)(
    'a %s %s keeps disk, format and kind, and gets an identity of its own',
    async (format, subformat) => {
      await using place = await tempPlace()
      await using host = openTestHost(place.path)
      const disk = Buffer.alloc(3 * MiB)
      disk.fill('d', MiB, MiB + 5000)
      await writeFile(place.file('a.raw'), disk)
      const [source, target] = [place.file(`a.${format}`), place.file(`b.${format}`)]
      const sources = [{ path: place.file('a.raw'), format: 'raw' }]
      await run(host, 'convert', { sources, target: source, format, subformat })
      const done = await run(host, 'clone', { source: { path: source }, target })
      expect(done).toMatchObject({ phase: 'succeeded', created: { plan: { operation: 'clone' } } })
      expect(await digestOf(target)).toBe(await digestOf(source))
      const [old, made] = [await identityOf(source), await identityOf(target)]
      expect([made.format, made.subformat]).toEqual([old.format, old.subformat])
      // Formats without identities are equal in all that they say.
      if (format === 'qcow2') expect(made.details).toEqual(old.details)
      else expect(made.details).not.toEqual(old.details)
      expect(await host.runs.undo(done.id, { stop })).toMatchObject({ phase: 'undone', undoFailures: [] })
      expect(await visible(place.path)).toEqual([`a.${format}`, 'a.raw'].sort())
    },
  )

  test('is killed at every entry of its journal', { timeout: walkTime }, async () => {
    await walkKills({
      operation: 'clone',
      async prepare(folder) {
        await writeFile(join(folder, 'a.raw'), Buffer.alloc(MiB, 'c'))
        return { source: { path: join(folder, 'a.raw'), format: 'raw' }, target: join(folder, 'b.raw') }
      },
      async atAnyTime(folder) {
        expect(await visible(folder)).toContain('a.raw')
      },
      async whenDone(folder) {
        expect(await visible(folder)).toEqual(['a.raw', 'b.raw'])
      },
      async whenUndone(folder) {
        expect(await visible(folder)).toEqual(['a.raw'])
        expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
      },
    })
  })
})
