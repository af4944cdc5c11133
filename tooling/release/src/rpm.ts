import { createWriteStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { systemTree, type Packing } from './pack.ts'
import { ReleaseError } from './release-error.ts'
import { rpmScripts } from './services.ts'
import { writeTar } from './tar.ts'
import type { Target } from './targets.ts'
import { byCodeUnits, type TreeEntry } from './tree.ts'

/** Names of processors as rpm has them. */
export const rpmCpu = { x64: 'x86_64', arm64: 'aarch64' } as const

/** The file's name, as `rpm` itself would give it. */
export function rpmName(version: string, cpu: keyof typeof rpmCpu): string {
  return `varve-${version}-1.${rpmCpu[cpu]}.rpm`
}

/** The spec of a package whose files were made before: nothing is built, found out or changed. */
export function specFile(facts: {
  readonly version: string
  /** Of zstd. */
  readonly level: number
  readonly paths: readonly string[]
  readonly scripts: Readonly<Record<string, string>>
}): string {
  const { version, level, paths, scripts } = facts
  // Folders of its own are named whole.
  const own = new Set(paths.map((path) => `/${path.replace(/\/varve\/.*$/u, '/varve')}`))
  const scriptlets = Object.entries(scripts).map(([name, text]) => `%${name}\n${text.replaceAll('%', '%%')}`)
  return `%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w${level}.zstdio
%global _binary_filedigest_algorithm 8
%global source_date_epoch_from_changelog 0
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global _buildhost varve
Name: varve
Version: ${version.replaceAll('-', '~')}
Release: 1
Summary: Manages virtual machine disk images layer by layer
License: Apache-2.0 AND others (/usr/lib/varve/LICENCES)
Group: System/Management
AutoReqProv: no
Requires: libc.so.6(GLIBC_2.28)(64bit), libstdc++.so.6(GLIBCXX_3.4.21)(64bit)
Requires: systemd
Requires(post): /usr/bin/systemd-sysusers
Recommends: qemu-img, e2fsprogs

%description
The command varve, the controller of a fleet and the agent of its hosts, with
the Node.js that they run on. Nothing is started by itself: see
varve-controller.service and varve-agent.service.

%install
tar -xf "%{made_files}" -C "%{buildroot}"

${scriptlets.join('\n')}
%files
%defattr(-,root,root,-)
${[...own].sort(byCodeUnits).join('\n')}
`
}

/** Throws when the tool that makes the packages is missing, before minutes of work. */
export async function requireRpmbuild(): Promise<void> {
  const { failed } = await execa('rpmbuild', ['--version'], { reject: false })
  if (failed) throw new ReleaseError('rpmbuild is missing: install it (on Debian: apt-get install rpm).')
}

/** Writes a package for rpm from the same tree. */
export async function writeRpm(
  file: string,
  tree: readonly TreeEntry[],
  { version, seconds, level, target }: Packing & { readonly target: Target },
): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'varve-rpm-'))
  try {
    const files = join(work, 'files.tar')
    const system = systemTree(tree, 'usr/share/licenses/varve/LICENSE')
    const tar = Readable.from(writeTar(system, { seconds }), { objectMode: false })
    await pipeline(tar, createWriteStream(files))
    const scripts = await rpmScripts()
    const spec = join(work, 'varve.spec')
    await writeFile(spec, specFile({ version, level, scripts, paths: system.map(({ path }) => path) }))
    await mkdir(join(work, 'made'))
    const macros = {
      _topdir: work,
      _rpmdir: join(work, 'made'),
      _rpmfilename: 'varve.rpm',
      _tmppath: work,
      made_files: files,
    }
    const args = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`])
    const cpu = ['--target', `${rpmCpu[target.cpu]}-linux`]
    // What a maker has set up for packages of his own says nothing here.
    const env = { SOURCE_DATE_EPOCH: String(seconds), LC_ALL: 'C', HOME: work }
    const { exitCode, all } = await execa('rpmbuild', ['-bb', ...cpu, ...args, spec], {
      env,
      all: true,
      reject: false,
    })
    if (exitCode !== 0) throw new ReleaseError(`rpmbuild could not make ${file}:\n${all?.slice(-2000)}`)
    await copyFile(join(work, 'made/varve.rpm'), file)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
