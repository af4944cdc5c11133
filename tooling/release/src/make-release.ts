import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '@varve/bundle/programs'
import { writeManual } from '@varve/bundle/write-manual'
import { execa } from 'execa'
import { containerfile, containerfileName } from './containerfile.ts'
import { debianCpu } from './deb.ts'
import { makeTree, type Made } from './make-tree.ts'
import { writeArchive, writeDeb } from './pack.ts'
import { stageParts } from './parts.ts'
import { ReleaseError } from './release-error.ts'
import { requireRpmbuild, rpmName, writeRpm } from './rpm.ts'
import { signatureName, signWith, sumOf, sumsName, sumsText } from './sums.ts'
import type { Target } from './targets.ts'
import { bytesOf, type TreeEntry } from './tree.ts'

/** What is asked of a release. */
export interface ReleaseOptions {
  readonly to: string
  readonly targets: readonly Target[]
  /** File of the key that signs; null: the release is not signed. */
  readonly key: string | null
  /** Whether what the store of pnpm lacks may be fetched. */
  readonly fetch: boolean
  /** Of gzip. */
  readonly level: number
  /** Whether packages for dpkg and rpm are made too. */
  readonly packages: boolean
  readonly say: (text: string) => void
}

/** Makes the archives, packages and bills of a release in a folder, then their sums and the signature; gives the names. */
export async function makeRelease(options: ReleaseOptions): Promise<string[]> {
  const { to, targets, key, fetch, say } = options
  // What is missing is known before minutes of work.
  if (key !== null) await signWith(key, new Uint8Array())
  if (options.packages && targets.some(({ system }) => system === 'linux')) await requireRpmbuild()
  const seconds = await commitTime()
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const work = await mkdtemp(join(tmpdir(), 'varve-release-'))
  try {
    const staged: [Target, string][] = []
    for (const target of targets)
      staged.push([target, await stageParts(target, join(work, target.name), { fetch })])
    say('dashboard, manual and completions')
    const made: Made = {
      version,
      seconds,
      dashboard: await buildDashboard(),
      manual: join(work, 'manual/share'),
    }
    await writeManual(join(work, 'manual'))
    await mkdir(to, { recursive: true })
    const sums = new Map<string, string>()
    for (const [target, modules] of staged) {
      const tree = await makeTree(target, modules, made)
      for (const name of await writeTarget(target, tree, { ...options, version, seconds })) {
        sums.set(name, await sumOf(join(to, name)))
        say(name)
      }
    }
    const archives = targets
      .filter(({ system }) => system === 'linux')
      .map(({ cpu, name }) => ({ cpu, name: `varve-${version}-${name}` }))
      .map((one) => ({ ...one, sum: sums.get(`${one.name}.tar.gz`) ?? '' }))
    if (archives.length > 0) {
      const name = containerfileName(version)
      await writeFile(join(to, name), await containerfile(version, archives))
      sums.set(name, await sumOf(join(to, name)))
      say(name)
    }
    const text = sumsText(sums)
    await writeFile(join(to, sumsName), text)
    await rm(join(to, signatureName), { force: true })
    if (key === null) return [...sums.keys(), sumsName]
    await writeFile(join(to, signatureName), await signWith(key, Buffer.from(text)))
    return [...sums.keys(), sumsName, signatureName]
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function writeTarget(
  target: Target,
  tree: readonly TreeEntry[],
  { to, level, packages, version, seconds }: ReleaseOptions & Pick<Made, 'version' | 'seconds'>,
): Promise<string[]> {
  const prefix = `varve-${version}-${target.name}`
  const packing = { version, seconds, level }
  const bill = tree.find(({ path }) => path === 'sbom.cdx.json')
  if (!bill || bill.kind === 'link') throw new Error('a release without its bill of materials')
  const archive = `${prefix}.tar.gz`
  const ofBill = `${prefix}.cdx.json`
  const deb = `varve_${version}_${debianCpu[target.cpu]}.deb`
  const rpm = rpmName(version, target.cpu)
  const isPackaged = target.system === 'linux' && packages
  await Promise.all([
    writeArchive(join(to, archive), tree, { ...packing, prefix }),
    writeFile(join(to, ofBill), await bytesOf(bill)),
    isPackaged && writeDeb(join(to, deb), tree, { ...packing, target }),
    isPackaged && writeRpm(join(to, rpm), tree, { ...packing, target }),
  ])
  return [archive, ofBill, ...(isPackaged ? [deb, rpm] : [])]
}

/** Of the commit, or what `SOURCE_DATE_EPOCH` says (reproducible-builds.org). */
async function commitTime(): Promise<number> {
  const said = process.env['SOURCE_DATE_EPOCH']
  const { stdout = '' } =
    said === undefined
      ? await execa('git', ['log', '-1', '--format=%ct'], { cwd: root, reject: false })
      : { stdout: said }
  const seconds = Number(stdout)
  if (!/^\d{1,10}$/u.test(stdout) || seconds > 0o77777777777)
    throw new ReleaseError(
      'The time of the commit is not known here: say it in SOURCE_DATE_EPOCH, in seconds.',
    )
  return seconds
}

async function buildDashboard(): Promise<string> {
  const args = [
    'run',
    'build',
    '--filter=@varve/dashboard',
    '--output-logs=errors-only',
    '--no-update-notifier',
  ]
  const { exitCode, all } = await execa('turbo', args, {
    cwd: root,
    all: true,
    reject: false,
    env: { TURBO_TELEMETRY_DISABLED: '1' },
  })
  if (exitCode !== 0) throw new ReleaseError(`The dashboard could not be built:\n${all}`)
  return join(root, 'apps/dashboard/dist')
}
