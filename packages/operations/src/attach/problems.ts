import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { blocking } from '../blocking.ts'
import { dependentsProblem, partOfProblems, remarks, useProblems } from '../image-files-problems.ts'
import { shellWord } from '../plans/shown.ts'
import type { AttachFacts } from './facts.ts'
import type { AttachRequest } from './request.ts'
import { missingFor, wayOn, waysFor, type Wanted } from './ways.ts'

/** What speaks against making a device of the image, and what it takes besides. */
export function attachProblems(facts: AttachFacts, wanted: Wanted, verb: 'attach' | 'mount'): Problem[] {
  const host = hostProblems(facts)
  if (host.length > 0) return host
  return [
    ...facts.problems,
    ...alreadyProblems(facts, verb),
    ...wayProblems(facts, wanted, verb),
    ...writtenProblems(facts, wanted),
  ]
}

/** Why a host does not do it at all. */
export function hostProblems(facts: Pick<AttachFacts, 'ways' | 'image'>): Problem[] {
  const { system, isRoot } = facts.ways
  if (system !== 'linux')
    return [
      refusing(facts.image, 'no-block-devices', {
        why: `Varve makes block devices of images on Linux, and this host runs ${system}`,
        remedy: servedInstead(facts),
      }),
    ]
  if (!isRoot)
    return [
      refusing(facts.image, 'not-root', {
        why: 'only root makes block devices and mounts',
        remedy: servedInstead(facts),
      }),
    ]
  return []
}

/** What does without a device, ready to be called. */
export function servedInstead({
  ways: { tools },
  image,
}: {
  readonly ways: Pick<AttachFacts['ways'], 'tools'>
  readonly image: string
}): string {
  const own = shellWord(image)
  const others = [
    ...(tools.includes('nbdfuse')
      ? ['nbdfuse makes what that serves a file: nbdfuse FOLDER/disk URI (the URI that serve prints)']
      : []),
    ...(tools.includes('guestmount')
      ? [`guestmount mounts it without root: guestmount -a ${own} -i --ro FOLDER`]
      : []),
  ]
  return [`Serve it instead: varve serve ${own}`, ...others].join('; ')
}

export function refusing(
  file: string,
  id: string,
  words: { readonly why: string; readonly remedy: string },
): Problem {
  return blocking(file, { id, layer: 'L3', ...words })
}

/** That only macOS opens its encrypted images. */
export function passphraseProblems(
  { isEncrypted }: Pick<AttachRequest, 'isEncrypted'>,
  { image }: Pick<AttachFacts, 'image'>,
): Problem[] {
  if (!isEncrypted) return []
  return [
    refusing(image, 'no-way', {
      why: 'encrypted images of macOS are opened by macOS, and this host runs another system',
      remedy: 'Leave --passphrase out; LUKS is opened with --luks.',
    }),
  ]
}

export function alreadyProblems({ already, image }: AttachFacts, verb: 'attach' | 'mount'): Problem[] {
  if (already === null || verb === 'mount') return []
  return [
    {
      ...refusing(image, 'already-attached', {
        why: `it is attached already, as ${already}`,
        remedy: `Use that device, or detach it first: varve detach ${already}`,
      }),
      details: { device: already },
    },
  ]
}

function wayProblems(facts: AttachFacts, wanted: Wanted, verb: 'attach' | 'mount'): Problem[] {
  const { ways, image, format, sectorSize } = facts
  if (format === null) return []
  const possible = waysFor(facts, wanted)
  if (possible.length === 0 && waysFor({ ...facts, sectorSize: 512 }, wanted).length > 0)
    return [
      refusing(image, 'no-way', {
        why: `its partition table counts in sectors of ${sectorSize} bytes, and qemu-nbd, which would write to it, makes devices with sectors of 512`,
        remedy: `${verb === 'attach' ? 'Attach' : 'Mount'} it without --rw, or convert it to raw first: varve convert ${shellWord(image)} NEW.raw`,
      }),
    ]
  if (possible.length === 0)
    return [
      refusing(image, 'not-written-in-place', {
        why: `a device that is written to is made of raw images and qcow2, and this is ${format}`,
        remedy: `Convert it first: varve convert ${shellWord(image)} NEW.qcow2; or ${verb} it without --rw.`,
      }),
    ]
  if (wayOn(ways, possible) !== null) return []
  const why = wanted.isThrowAway
    ? 'its journal can only be replayed into a throw-away overlay, which this host cannot make'
    : 'this host cannot make a block device of it'
  return [
    refusing(image, 'no-way', { why: `${why}: ${missingFor(ways, possible)}`, remedy: servedInstead(facts) }),
  ]
}

/** What is needed for mappings over the device, and is not there. */
export function mapperProblems(
  { ways: { mapper, tools }, image }: Pick<AttachFacts, 'ways' | 'image'>,
  needed: readonly ('dmsetup' | 'cryptsetup')[],
): Problem[] {
  const missing = needed.filter((tool) => !tools.includes(tool))
  if (mapper !== 'missing' && missing.length === 0) return []
  const why =
    mapper === 'missing' ? 'its kernel has no device mapper' : `${missing.join(' and ')} is not installed`
  return [
    refusing(image, 'no-mapper', {
      why: `this host cannot make a device of a volume: ${why}`,
      remedy: servedInstead({ ways: { tools }, image }),
    }),
  ]
}

/** Volumes of the guest that are not made devices. */
export function volumeRemarks({ volumes, image, ways }: AttachFacts): Problem[] {
  const cannot = mapperProblems({ ways, image }, ['dmsetup'])[0]
  if (volumes.length > 0 && cannot)
    return [
      {
        ...cannot,
        severity: 'info',
        message: `L5 ${quote(image)}: ${volumes.length === 1 ? 'its logical volume gets' : 'its logical volumes get'} no device: ${ways.mapper === 'missing' ? 'the kernel of this host has no device mapper' : 'dmsetup is not installed'}`,
        layer: 'L5',
        remedy: 'Nothing is to be done where the volumes are not needed.',
      },
    ]
  return volumes.flatMap(({ group, name, reason }) =>
    reason === null
      ? []
      : [
          {
            id: 'volume-not-mapped',
            severity: 'info' as const,
            layer: 'L5' as const,
            file: image,
            message: `L5 ${quote(image)}: it gets no device of the logical volume ${quote(`${group}/${name}`)}, which ${reason}`,
            remedy: 'Serve the image to a machine that has LVM: varve serve.',
          },
        ],
  )
}

export function writtenProblems({ files, image }: AttachFacts, { isWritten }: Wanted): Problem[] {
  if (!isWritten || files === null) return []
  return [
    ...partOfProblems(files, (whole) => ['varve', 'attach', whole, '--rw']),
    ...dependentsProblem(files),
    ...useProblems(files),
    ...remarks({ ...files, elsewhere: [] }),
    {
      id: 'image-is-written',
      severity: 'warn',
      asks: true,
      layer: 'L3',
      file: image,
      message: `L3 ${quote(image)}: everything that is written to the device is written to the image itself, and nothing keeps what it was`,
      remedy: 'Take a snapshot or a clone before, or consent with --accept image-is-written.',
    },
  ]
}
