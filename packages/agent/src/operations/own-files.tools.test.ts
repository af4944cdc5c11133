import { existsSync } from 'node:fs'
import { copyFile, readdir, writeFile } from 'node:fs/promises'
import { undoFilePath } from '@varve/engine/images/edit-file'
import { runLockPath } from '@varve/engine/in-use/run-locks'
import { noteServing } from '@varve/engine/in-use/serving-notes'
import { stagedPath } from '@varve/engine/files/staged-name'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openTestHost } from '../testing/test-host.ts'

const names = ['a.qcow2', `${'ä'.repeat(110)}.qcow2`]

async function note(place: TempPlace): Promise<string> {
  const found = (await readdir(place.path)).find((name) => name.endsWith('.serving'))
  return place.file(found ?? 'no note')
}

describe.skipIf(!requires('qemu-img')).each(names)('what Varve keeps beside %s', (name) => {
  test('is no image: it is not deleted, moved or written over', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const image = place.file(name)
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', image, '1M'])
    using _note = await noteServing([image])
    const serving = await note(place)
    const others = [await runLockPath(image), undoFilePath(image, 'abc123'), stagedPath(image, 'p7-0a1b2c3d')]
    for (const other of others) await copyFile(image, other)
    for (const own of [serving, ...others]) {
      const refused = {
        code: 'refused',
        message: expect.stringContaining(`.${name.slice(0, 5)}`),
        details: { finding: 'own-file', layer: 'L1', file: own },
        remedy: expect.stringContaining('goes away by itself'),
      }
      await expect(host.plan('delete', { image: own })).rejects.toMatchObject(refused)
      const request = { source: own, target: place.file('moved') }
      await expect(host.plan('move', request)).rejects.toMatchObject(refused)
      const { code: id, message, details, remedy } = refused
      const refusal = { kind: 'refusal', problems: [{ id, message, details, remedy }] }
      const copy = { target: own, existing: 'replace' }
      const convert = { ...copy, sources: [{ path: image }], format: 'qcow2' }
      expect(await host.plan('convert', convert)).toMatchObject(refusal)
      expect(await host.plan('clone', { ...copy, source: { path: image } })).toMatchObject(refusal)
      expect(existsSync(own)).toBe(true)
    }
  })

  test('is told from what only looks like it', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    for (const like of [`${name}.undo`, '.hidden.qcow2', '.a.lock', 'x.part', '.part', '.a.serving']) {
      const image = place.file(like)
      await writeFile(image, Buffer.alloc(4096))
      expect(await host.plan('delete', { image })).toMatchObject({ kind: 'plan' })
    }
  })
})
