import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { containerfile, containerfileName } from './containerfile.ts'
import { writeArchive } from './pack.ts'
import { sumOf } from './sums.ts'
import { makeSmallRoot } from './testing/small-root.ts'
import { textFile } from './tree.ts'

const programs = [
  'uname',
  'sha256sum',
  'mkdir',
  'mv',
  'chmod',
  'chown',
  'ln',
  'tar',
  'gzip',
  'id',
  'ls',
  'find',
]
const archive = `varve-1.2.3-linux-${process.arch}`
const isRoot = process.getuid?.() === 0

describe.skipIf(!isRoot || !requires('buildah', 'ldd', 'dash', ...programs))('the Containerfile', () => {
  let place: TempPlace

  async function buildah(...args: readonly string[]) {
    const own = ['--root', place.file('root'), '--runroot', place.file('run'), '--storage-driver', 'vfs']
    const { all, exitCode } = await execa('buildah', [...own, ...args], { all: true, reject: false })
    return { exitCode, all }
  }
  const build = async () => {
    const file = place.file(`context/${containerfileName('1.2.3')}`)
    const how = ['--isolation', 'chroot', '--format', 'docker', '--build-arg', 'BASE=localhost/base']
    return await buildah('bud', ...how, '--tag', 'varve', '--file', file, place.file('context'))
  }

  beforeAll(async () => {
    place = await tempPlace()
    await makeSmallRoot(place.file('small'), programs)
    const { all: container } = await buildah('from', 'scratch')
    await buildah('add', container, place.file('small'), '/')
    await buildah('commit', container, 'base')
  })
  afterAll(async () => {
    await buildah('rm', '--all')
    await place?.[Symbol.asyncDispose]()
  })

  beforeEach(async () => {
    await mkdir(place.file('context'), { recursive: true })
    const file = place.file(`context/${archive}.tar.gz`)
    const tree = [textFile('bin/varve', '#!/bin/sh\necho "1.2.3 $*"\n', 0o755)]
    await writeArchive(file, tree, { version: '1.2.3', seconds: 0, level: 1, prefix: archive })
    const cpu = process.arch === 'arm64' ? 'arm64' : 'x64'
    const text = await containerfile('1.2.3', [{ cpu, name: archive, sum: await sumOf(file) }])
    await writeFile(place.file(`context/${containerfileName('1.2.3')}`), text)
  })

  test('makes an image of the archive beside it, whose programs run as nobody special', async () => {
    await writeFile(place.file('context/secret.key'), 'a secret that lies in the folder')
    const built = await build()
    expect([built.exitCode, built.all]).toEqual([
      0,
      expect.stringContaining(`/archives/${archive}.tar.gz: OK\n1.2.3 --version`),
    ])
    const { all } = await buildah('inspect', '--type', 'image', 'varve')
    const { Docker: docker } = JSON.parse(all) as { readonly Docker: { readonly config: unknown } }
    expect(docker.config).toMatchObject({
      User: '7070:7070',
      Entrypoint: ['/opt/varve/bin/varve'],
      Cmd: ['controller'],
      Volumes: { '/var/lib/varve/controller': {}, '/var/lib/varve/agent': {} },
      ExposedPorts: { '7070/tcp': {} },
      Healthcheck: {
        Test: ['CMD', '/opt/varve/lib/node/bin/node', '-e', expect.stringContaining('/api/health')],
      },
    })
    const { all: container } = await buildah('from', 'varve')
    const script =
      'id -u; ls -ldn /var/lib/varve/controller; varve agent; find / -xdev -name "*.gz" -o -xdev -name "*.key"'
    const ran = await buildah('run', '--isolation', 'chroot', container, 'sh', '-c', script)
    expect(ran.all).toMatch(/^7070\ndrwx------ \d 7070 7070 .*\n1\.2\.3 agent$/u)
  })

  test('makes none of an archive that was changed', async () => {
    await appendFile(place.file(`context/${archive}.tar.gz`), 'more')
    const { exitCode, all } = await build()
    expect([exitCode === 0, all]).toEqual([
      false,
      expect.stringContaining(`/archives/${archive}.tar.gz: FAILED`),
    ])
    expect(all).not.toContain('1.2.3 --version')
  })

  test('has a sum for each processor of the release, and nothing left to fill in', async () => {
    const text = await containerfile('1.2.3', [
      { cpu: 'x64', name: 'varve-1.2.3-linux-x64', sum: 'aa' },
      { cpu: 'arm64', name: 'varve-1.2.3-linux-arm64', sum: 'bb' },
    ])
    expect(text).toContain('x86_64 | amd64) name=varve-1.2.3-linux-x64; sum=aa ;; \\\n')
    expect(text).toContain('aarch64 | arm64) name=varve-1.2.3-linux-arm64; sum=bb ;; \\\n')
    expect(text).not.toMatch(/@[A-Z]/u)
  })
})
