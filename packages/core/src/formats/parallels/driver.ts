import { problemFromError, type Problem } from '../../problems/problem.ts'
import { isDiskError } from '../../problems/disk-error.ts'
import { isRecognisedAs } from '../../image/detect-format.ts'
import { factsOrProblem } from '../../image/facts-or-problem.ts'
import type { FormatDriver, OpenLayer } from '../../image/format-driver.ts'
import type { ImageFacts } from '../../image/image-facts.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { findBundleDisk } from './find-bundle.ts'
import { emptyFlag } from './header.ts'
import { readHdsMetadata } from './metadata.ts'
import { openBundle, type BundleDisk } from './open-bundle.ts'
import { openHds } from './reader.ts'
import { checkParallels } from './check.ts'
import { repointParallels } from './repoint.ts'

/** Parallels: single `.hds` images, and bundles by their `DiskDescriptor.xml` with split storages and snapshots. */
export const parallelsDriver: FormatDriver = {
  format: 'parallels',
  recognises: (ends) => isRecognisedAs('parallels', ends),
  inspect: (file, ports) =>
    factsOrProblem('parallels', async () => {
      const bundle = await findBundleDisk(file, ports)
      return bundle ? await bundleFacts(bundle, ports) : await hdsFacts(file)
    }),
  check: checkParallels,
  repoint: repointParallels,
  async openLayer(file, ports) {
    const bundle = await findBundleDisk(file, ports)
    if (bundle) return await openWithDescriptor(bundle, file, ports)
    return { disk: openHds(file, await readHdsMetadata(file)), parts: [], async [Symbol.asyncDispose]() {} }
  },
}

async function hdsFacts(file: ImageFile): Promise<Partial<ImageFacts>> {
  const { header, version, virtualSize, clusterSize, problems } = await readHdsMetadata(file)
  const { magic, heads, cylinders, flags, extensionOffset } = header
  return {
    subformat: `expanding, version ${version}`,
    virtualSize,
    clusterSize,
    problems,
    details: {
      magic,
      heads,
      cylinders,
      empty: (flags & emptyFlag) !== 0,
      formatExtension: extensionOffset !== 0,
    },
  }
}

async function bundleFacts(bundle: BundleDisk, ports: ImagePorts): Promise<Partial<ImageFacts>> {
  const { descriptor, snapshot } = bundle
  const { uid, name, storages, shots, virtualSize, clusterSize } = descriptor
  return {
    subformat: storages.length > 1 ? 'bundle, split' : 'bundle',
    virtualSize,
    clusterSize,
    identity:
      uid === null ? { kind: 'none' } : { kind: 'uuid', uuid: uid.replaceAll(/[{}]/gu, '').toLowerCase() },
    parts: storages.flatMap(({ images }) => images.map(({ file }) => file)),
    snapshots: [...shots.keys()]
      .filter((guid) => guid !== snapshot)
      .map((guid) => ({ id: guid, name: guid, takenAt: '', virtualSize, stateSize: 0 })),
    details: { name, snapshot, storages: storages.length },
    problems: [...descriptor.problems, ...(await problemsOf(bundle, ports))],
  }
}

async function problemsOf(bundle: BundleDisk, ports: ImagePorts): Promise<readonly Problem[]> {
  try {
    await using opened = await openBundle(bundle, ports)
    return opened.problems
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    return [problemFromError(error)]
  }
}

/** The descriptor counts as a part when the bundle was reached by one of its images. */
async function openWithDescriptor(
  bundle: BundleDisk,
  file: ImageFile,
  ports: ImagePorts,
): Promise<OpenLayer> {
  await using opened = new AsyncDisposableStack()
  const layer = opened.use(await openBundle(bundle, ports))
  const isItself = (part: ImageFile) => part.fingerprint.inode === file.fingerprint.inode
  const parts = layer.parts.filter((part) => !isItself(part))
  if (bundle.path !== file.path) parts.push(opened.use(await ports.files.open(bundle.path)))
  const release = opened.move()
  return { disk: layer.disk, parts, [Symbol.asyncDispose]: () => release.disposeAsync() }
}
