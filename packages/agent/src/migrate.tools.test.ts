import { createHash } from 'node:crypto'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeManifest } from '@varve/core/digest/manifest-file'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { ScriptedController } from './testing/scripted-controller.ts'
import { startAgent } from './testing/start-agent.ts'

const mib = 1024 * 1024
const exportName = 'a-token-that-nobody-can-guess-0123456789'
const target = { library: 'images', name: 'copy.img' }

interface Case {
  readonly source: string
  readonly format: 'raw' | 'qcow2' | 'vhd' | 'vmdk'
  readonly subformat?: string
  readonly compression: 'none' | 'zlib' | 'zstd'
  readonly make: (folder: string) => Promise<void>
}

async function rawDisk(path: string): Promise<void> {
  const bytes = Buffer.alloc(40 * mib)
  for (let at = 0; at < bytes.length; at += 1024) bytes.writeUInt32LE((at * 2654435761) >>> 0, at)
  bytes.fill(0, 8 * mib, 30 * mib)
  await writeFile(path, bytes)
}

const cases: readonly Case[] = [
  {
    source: 'web01.vmdk',
    format: 'qcow2',
    compression: 'none',
    async make(folder) {
      await rawDisk(join(folder, '.seed'))
      await runToolOk('qemu-img', [
        'convert',
        '-O',
        'vmdk',
        join(folder, '.seed'),
        join(folder, 'web01.vmdk'),
      ])
    },
  },
  {
    source: 'top.qcow2',
    format: 'raw',
    compression: 'none',
    async make(folder) {
      await rawDisk(join(folder, 'base.raw'))
      await runToolOk('qemu-img', ['create', '-f', 'qcow2', '-b', 'base.raw', '-F', 'raw', 'top.qcow2'], {
        cwd: folder,
      })
      await runToolOk('qemu-io', ['-c', 'write -P 7 9M 3M', '-c', 'write -z 0 1M', join(folder, 'top.qcow2')])
    },
  },
  {
    source: 'disk.raw',
    format: 'qcow2',
    compression: 'zstd',
    make: async (folder) => rawDisk(join(folder, 'disk.raw')),
  },
  {
    source: 'disk.raw',
    format: 'vhd',
    subformat: 'fixed',
    compression: 'none',
    make: async (folder) => rawDisk(join(folder, 'disk.raw')),
  },
  {
    source: 'disk.raw',
    format: 'vmdk',
    subformat: 'streamOptimized',
    compression: 'none',
    make: async (folder) => rawDisk(join(folder, 'disk.raw')),
  },
]

describe.skipIf(!requires('qemu-img', 'qemu-io'))('two agents and a scripted controller', () => {
  for (const { source, format, subformat = null, compression, make } of cases) {
    test(`${source} → ${format} (${subformat ?? compression}): export, measure, pull, verify, publish`, async () => {
      await using place = await tempPlace()
      await using controller = await new ScriptedController().start()
      await using north = await startAgent({ controller, name: 'north', folder: place.file('north') })
      await using south = await startAgent({ controller, name: 'south', folder: place.file('south') })
      await controller.until(() => controller.memory.resumes.length === 2)
      await make(north.library)
      const before = await snapshot(north.library)

      const { endpoint, virtualSize } = await controller.run<'export'>('north', {
        kind: 'export',
        library: 'images',
        name: source,
        exportName,
        expiresInSeconds: 60,
      })
      expect(virtualSize).toBe(40 * mib)
      const copy = { endpoint, target, format, subformat, compression }
      const measured = await controller.run<'measure'>('south', { kind: 'measure', ...copy })
      const pullId = 'pull-1'
      const pulled = await controller.run<'pull'>('south', { kind: 'pull', pullId, ...copy })
      expect(measured.virtualSize).toBe(virtualSize)
      expect(pulled.virtualSize).toBe(virtualSize)
      const part = await stat(join(south.library, '.copy.img.pull-1.part'))
      expect(part.blocks * 512).toBeLessThanOrEqual(measured.required)
      expect(await readdir(south.library)).toEqual(['.copy.img.pull-1.part'])
      const check = { pullId, target, format, subformat, expected: pulled.digest }
      const verified = await controller.run<'verify'>('south', { kind: 'verify', ...check })
      expect(verified.digest).toBe(pulled.digest)
      await controller.run<'release'>('north', {
        kind: 'release',
        exportName,
        library: 'images',
        name: source,
      })
      const published = await controller.run<'publish'>('south', {
        kind: 'publish',
        pullId,
        target,
        format,
        subformat,
      })
      expect(published.path).toBe(join(south.library, 'copy.img'))

      const driver = format === 'vhd' ? 'vpc' : format
      await runToolOk('qemu-img', ['compare', '-F', driver, join(north.library, source), published.path])
      if (format === 'qcow2') await runToolOk('qemu-img', ['check', published.path])
      expect(await readdir(south.library)).toEqual(['copy.img'])
      expect(await snapshot(north.library)).toEqual(before)
      const row = await controller.until(() => controller.memory.images.get('south/images/copy.img'))
      expect(row.report.virtualSize).toBe(virtualSize)
      if (subformat !== null) expect(row.report.subformat).toBe(subformat)
      const parts = controller.memory.manifests.filter(({ digest }) => digest === verified.digest)
      const manifest = decodeManifest(Buffer.from(parts[0]?.bytes ?? '', 'base64'))
      expect(manifest.size).toBe(virtualSize)
    })
  }
})

/** Content and times of every file of a folder. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const states: Record<string, string> = {}
  for (const name of await readdir(folder)) {
    const { size, mtimeNs, ctimeNs } = await stat(join(folder, name), { bigint: true })
    const hash = createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex')
    states[name] = `${size} ${mtimeNs} ${ctimeNs} ${hash}`
  }
  return states
}
