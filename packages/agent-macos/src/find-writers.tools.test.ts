import { open, stat, writeFile } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import { ScriptedToolRunner } from '@varve/agent/testing/scripted-tool-runner'
import { tempPlace } from '@varve/test-kit/temp-place'
import { findTool, requires } from '@varve/test-kit/tools'
import { expect, test } from 'vitest'
import { findByLsof } from './find-writers.ts'
import { parseOpenFiles } from './tools/lsof/output.ts'
import { listOpenFiles } from './tools/lsof/commands.ts'

test.skipIf(!requires('lsof'))('the real lsof names who has a file open, for writing or at all', async () => {
  await using place = await tempPlace()
  const [written, read] = [place.file("a 'b\n.raw"), place.file('c.raw')]
  for (const path of [written, read]) await writeFile(path, Buffer.alloc(4096))
  const child = spawn('sh', ['-c', 'exec 3>>"$1" 4<"$2"; echo ready; read -r line', 'sh', written, read])
  try {
    await once(child.stdout, 'data')
    await using _own = await open(written, 'r+')
    const find = findByLsof(new ExecaToolRunner(), { path: findTool('lsof') ?? '', isRoot: true })
    const writer = { by: 'process', pid: child.pid, command: 'sh', how: 'writes' }
    const [a, c] = [await stat(written, { bigint: true }), await stat(read, { bigint: true })]
    const writers = await find()
    expect([writers.of(a), writers.of(c), writers.unseen]).toEqual([[writer], [], []])
    const all = await find({ descriptors: 'all' })
    expect(all.of(c)).toEqual([{ ...writer, how: 'reads' }])
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
})

test.each([
  ['', []],
  ['nonsense\n\n\n', []],
  [
    'p7\nR1\ncqemu\nf3\nau\ntREG\nD0x1000004\ni42\n',
    [{ pid: 7, parent: 1, command: 'qemu', access: 'u', device: 0x1000004n, inode: 42n }],
  ],
  [
    'p7\ncqemu\nf3\nar\ntREG\nD0x1\ni5\nf4\naw\ntDIR\nD0x1\ni6\np8\nf0\ntREG\nDzz\ni7\n',
    [{ pid: 7, parent: 0, command: 'qemu', access: 'r', device: 1n, inode: 5n }],
  ],
  ['f3\naw\ntREG\nD0x1\ni5\n', []],
  [`p7\nc\nf3\na \ntVREG\nD0x1\ni${'9'.repeat(30)}\n`, []],
])('%j is read as it is, and no more', (text, files) => {
  expect(parseOpenFiles(text)).toEqual(files)
})

test('lsof that is missing or fails is said to have told nothing', async () => {
  const { args } = listOpenFiles()
  const failing = findByLsof(new ScriptedToolRunner([{ tool: 'lsof', args, exitCode: 9 }]))
  expect((await failing()).unseen).toEqual([{ what: 'tool-failed', tool: 'lsof' }])
  const others = findByLsof(new ScriptedToolRunner([{ tool: 'lsof', args, stdout: '' }]), { isRoot: false })
  expect((await others()).unseen).toEqual([{ what: 'other-users' }])
})
