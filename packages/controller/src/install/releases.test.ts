import { rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { signedRelease, sumsOf } from '../testing/signed-release.ts'
import { createReleases } from './releases.ts'

const fleet = 'ab'.repeat(16)
const name = 'varve-1.2.3-linux-x64.tar.gz'
const onWindows = 'varve-1.2.3-windows-x64.tar.gz'
const files = {
  [name]: Buffer.from('the archive'),
  'varve_1.2.3_amd64.deb': Buffer.from('the package'),
  'varve-1.2.3-1.aarch64.rpm': Buffer.from('another package'),
  'varve-1.2.3.Containerfile': Buffer.from('FROM scratch'),
  [onWindows]: Buffer.from('another'),
}

let place: TempPlace
let made: Awaited<ReturnType<typeof signedRelease>>

beforeEach(async () => {
  place = await tempPlace()
  made = await signedRelease(place.path, files)
})

afterEach(async () => await place[Symbol.asyncDispose]())

function releasesOf({ releases, releaseKey } = made) {
  return createReleases({ folder: releases, keyFile: releaseKey, fleet })
}

async function reason(): Promise<string> {
  return (await releasesOf().state()).reason ?? 'it is served'
}

async function textOf(releases: ReturnType<typeof createReleases>, wanted: string): Promise<string | null> {
  const opened = await releases.open(wanted)
  if (!opened) return null
  await using handle = opened.handle
  return await handle.readFile('utf8')
}

test('a release that is what its signature says is served, with a script that has its sums', async () => {
  const releases = releasesOf()
  const { release } = await releases.state()
  expect(release?.version).toBe('1.2.3')
  const sums = sumsOf(files)
  const { linux, windows, macos } = release?.scripts ?? {}
  const archive = `'${name} ${sums.slice(0, 64)} 11'`
  expect(linux?.script?.text).toContain(`\nvarve_x64=${archive}\nvarve_arm64=''\n`)
  expect(linux?.script?.text).toContain(`\nvarve_version='1.2.3'\nvarve_fleet='${fleet}'\n`)
  expect(linux?.script?.text).toMatch(/^#!\/bin\/sh\n[^]*[^\n]$/u)
  expect(windows?.script?.text).toContain(
    `\n$varve_x64 = '${onWindows} ${sums.slice(-64 - onWindows.length - 3).slice(0, 64)} 7'\n`,
  )
  expect(macos).toEqual({ script: null, reason: 'the release has no archive for macOS' })
  expect(await textOf(releases, name)).toBe('the archive')
  expect(await textOf(releases, 'SHA256SUMS')).toBe(sums)
})

test('what is not signed, not there, or a name of another place is not opened', async () => {
  await writeFile(join(made.releases, 'varve-1.2.3-linux-arm64.tar.gz'), 'not signed')
  const releases = releasesOf()
  for (const wanted of [
    'varve-1.2.3-linux-arm64.tar.gz',
    '../release.pub',
    'SHA256SUMS/..',
    '',
    'constructor',
  ])
    expect([wanted, await releases.open(wanted)]).toEqual([wanted, null])
})

test('a file that changes afterwards is not served, nor the line for it, until it is as signed', async () => {
  const releases = releasesOf()
  expect((await releases.state()).reason).toBeNull()
  await writeFile(join(made.releases, name), 'the archivE')
  await utimes(join(made.releases, name), 1, 1)
  expect(await releases.open(name)).toBeNull()
  expect((await releases.state()).reason).toContain(`${name} in ${made.releases} is not what was signed`)
  await writeFile(join(made.releases, name), 'the archive')
  expect(await textOf(releases, name)).toBe('the archive')
})

test('a link in the folder is not followed, to a file of the same bytes neither', async () => {
  const path = join(made.releases, name)
  await rename(path, place.file('elsewhere'))
  await symlink(place.file('elsewhere'), path)
  expect(await reason()).toContain('is no plain file')
  await rm(path)
  await rename(place.file('elsewhere'), path)
  const releases = releasesOf()
  expect((await releases.state()).reason).toBeNull()
  await rename(path, place.file('elsewhere'))
  await symlink(place.file('elsewhere'), path)
  expect(await releases.open(name)).toBeNull()
  await rename(join(made.releases, 'SHA256SUMS'), place.file('sums'))
  await symlink(place.file('sums'), join(made.releases, 'SHA256SUMS'))
  expect(await reason()).toContain('has no SHA256SUMS')
})

test('sums of another key, and a private key, are not believed', async () => {
  const other = await signedRelease(place.file('other'), files)
  expect((await releasesOf({ ...made, releases: other.releases }).state()).reason).toContain(
    'is not signed by the key that this controller was told',
  )
  await rm(made.releaseKey)
  expect(await reason()).toContain('--release-key')
  await writeFile(made.releaseKey, 'no key')
  expect(await reason()).toContain('is no public key of Ed25519')
})

test.each([
  ['a name of another place', `${'0'.repeat(64)}  ../evil-1.2.3-linux-x64.tar.gz\n`],
  ['a name of another form', `${'0'.repeat(64)}  evil.sh\n`],
  ['a line that is none', 'nothing\n'],
  ['a name twice', sumsOf(files).repeat(2)],
])('signed sums with %s are refused', async (_what, text) => {
  await made.signText(text)
  expect(await reason()).toMatch(/SHA256SUMS, line \d, is no sum of a file of a release/u)
})

test('files of two versions, and none, are said', async () => {
  await made.signText(sumsOf({ ...files, 'varve-1.2.4-linux-x64.tar.gz': Buffer.from('newer') }))
  expect(await reason()).toContain('a folder holds the files of one version')
  await made.signText('')
  expect(await reason()).toContain('a folder holds the files of one version')
  await rm(made.releases, { recursive: true })
  expect(await reason()).toContain('there is no folder')
})
