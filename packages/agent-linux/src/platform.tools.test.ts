import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat, writeFile } from 'node:fs/promises'
import { describePlatform } from '@varve/agent/testing/platform-contract'
import { probeTools } from '@varve/agent/tools/probe-tools'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { linuxPlatform } from './platform.ts'

describePlatform('linux', () => linuxPlatform())

describe.skipIf(!requires('qemu-img'))('tools of this host', () => {
  test('the version of qemu-img is the one it prints', async () => {
    const printed = await runToolOk('qemu-img', ['--version'])
    const tools = await probeTools(linuxPlatform().tools)
    const found = tools.find(({ name }) => name === 'qemu-img')
    expect(found?.path).toMatch(/^\//u)
    expect(printed).toContain(`version ${found?.version ?? 'unknown'}`)
  })
})

describe('who writes', () => {
  test('a process that has the file open for writing is named; one that only reads is not', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('a.raw'), 'a')
    await writeFile(place.file('b.raw'), 'b')
    const script = 'exec 3>>"$1" 4<"$2"; echo ready; read -r line'
    const child = spawn('/bin/sh', ['-c', script, 'sh', place.file('a.raw'), place.file('b.raw')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      await once(child.stdout, 'data')
      const writers = await linuxPlatform().findWriters?.()
      const identity = (name: string) => stat(place.file(name), { bigint: true })
      expect(writers?.of(await identity('a.raw'))).toEqual([
        { by: 'process', pid: child.pid, command: 'sh', how: 'writes' },
      ])
      expect(writers?.of(await identity('b.raw'))).toEqual([])
    } finally {
      child.stdin.end('\n')
      await once(child, 'exit')
    }
  })
})
