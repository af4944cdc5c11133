import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildsOf } from '@varve/test-kit/build-once'
import { findTool } from '@varve/test-kit/tools'

/** Debian's release whose Wine it is: that of the one before does not run Node 24. */
export const suite = 'trixie'

/** What is unpacked: Wine and what it loads where there is no screen and no sound; a tenth of what Debian installs with it. */
export const packages: readonly string[] = [
  ['libwine', 'wine64', 'libz-mingw-w64'],
  // Names of files are UTF-8 by the locale of libc-bin.
  ['libc6', 'libc-bin', 'libgcc-s1', 'libunwind8', 'liblzma5', 'zlib1g'],
  ['libfreetype6', 'libpng16-16t64', 'libbrotli1', 'libbz2-1.0'],
  ['libfontconfig1', 'fontconfig-config', 'libexpat1'],
  // Its random numbers are those of GnuTLS.
  ['libgnutls30t64', 'libnettle8t64', 'libhogweed6t64', 'libgmp10', 'libidn2-0', 'libunistring5'],
  ['libtasn1-6', 'libp11-kit0', 'libffi8'],
].flat()

const hostTools = ['apt-get', 'dpkg-deb', 'tar', 'unshare', 'nsenter', 'mount', 'chroot']

/** Where a root lies that was built of exactly this. */
export function wineRoot(): string {
  const hash = createHash('sha256')
  for (const file of globSync('*.ts', { cwd: import.meta.dirname }).sort())
    hash.update(`${file}\0`).update(readFileSync(join(import.meta.dirname, file)))
  return join(buildsOf('wine'), hash.digest('hex').slice(0, 16))
}

/** Why Wine cannot be had here; null where it can, with a network. */
export function whyNoWine(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it runs on Linux x64 only'
  const missing = hostTools.filter((tool) => findTool(tool) === null)
  if (missing.length > 0) return `it needs ${missing.join(', ')}`
  return process.getuid?.() === 0 ? null : 'it needs root'
}
