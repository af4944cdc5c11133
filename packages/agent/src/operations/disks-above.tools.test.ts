import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openTestHost } from '../testing/test-host.ts'

describe.skipIf(!requires('qemu-img'))('an image that others are made over', () => {
  test('is not replaced, and not taken back to a snapshot; a free name and an image without children are', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const [base, source] = [place.file('base.qcow2'), place.file('a.raw')]
    await writeFile(source, Buffer.alloc(1024 * 1024, 'a'))
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '1M'])
    await runToolOk('qemu-img', ['snapshot', '-c', 'before', base])
    const over = ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base]
    await runToolOk('qemu-img', [...over, place.file('child.qcow2')])
    const refusal = {
      kind: 'refusal',
      problems: [{ id: 'has-dependents', file: base, details: { dependents: [place.file('child.qcow2')] } }],
    }
    const convert = { sources: [{ path: source }], format: 'qcow2', existing: 'replace' }
    expect(await host.plan('convert', { ...convert, target: base })).toMatchObject(refusal)
    const clone = { source: { path: source }, existing: 'replace' }
    expect(await host.plan('clone', { ...clone, target: base })).toMatchObject(refusal)
    expect(await host.plan('snapshot-apply', { image: base, name: 'before' })).toMatchObject(refusal)
    for (const target of ['new.qcow2', 'child.qcow2'])
      expect(await host.plan('convert', { ...convert, target: place.file(target) })).toMatchObject({
        kind: 'plan',
      })
  })

  test.skipIf(process.platform !== 'linux')(
    'and that somebody writes to becomes a parent by consent only',
    async () => {
      await using place = await tempPlace()
      await using host = openTestHost(place.path)
      const base = place.file('base.qcow2')
      await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '1M'])
      const request = { target: place.file('child.qcow2'), format: 'qcow2', parent: { path: base } }
      expect(await host.plan('create', request)).toMatchObject({ kind: 'plan', warnings: [] })
      const writer = spawn('sh', ['-c', 'exec 3<>"$1" && echo open && exec cat', 'sh', base], {
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      await once(writer.stdout, 'data')
      const planned = await host.plan('create', request)
      writer.stdin.end()
      await once(writer, 'exit')
      expect(planned).toMatchObject({
        kind: 'plan',
        warnings: [{ id: 'in-use', severity: 'warn', file: base }],
      })
    },
  )
})
