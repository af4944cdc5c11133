import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { dependentsProblem, partOfProblems, remarks, useProblems } from '../image-files-problems.ts'
import { shellWord } from '../plans/shown.ts'
import type { AttachFacts } from './facts.ts'
import { missingFor, wayOn, waysFor, type Wanted } from './ways.ts'

/** What speaks against making a device of the image, and what it takes besides. */
export function attachProblems(facts: AttachFacts, wanted: Wanted, verb: 'attach' | 'mount'): Problem[] {
  const host = hostProblems(facts, verb)
  if (host.length > 0) return host
  return [
    ...facts.problems,
    ...alreadyProblems(facts, verb),
    ...wayProblems(facts, wanted, verb),
    ...writtenProblems(facts, wanted),
  ]
}

/** Why a host does not do it at all. */
export function hostProblems(facts: Pick<AttachFacts, 'ways' | 'image'>, verb: string): Problem[] {
  const { isOwnHost, system, isRoot } = facts.ways
  if (!isOwnHost)
    return [
      refusing(facts.image, 'not-for-agents', {
        why: 'an agent works in its libraries only, and block devices and mounts are the whole host’s',
        remedy: `Use the command on that host: varve ${verb}.`,
      }),
    ]
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
function servedInstead({ ways: { tools }, image }: Pick<AttachFacts, 'ways' | 'image'>): string {
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

function refusing(
  file: string,
  id: string,
  words: { readonly why: string; readonly remedy: string },
): Problem {
  return {
    id,
    severity: 'block',
    layer: 'L3',
    file,
    message: `L3 ${quote(file)}: ${words.why}`,
    remedy: words.remedy,
  }
}

function alreadyProblems({ already, image }: AttachFacts, verb: 'attach' | 'mount'): Problem[] {
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
  const { ways, image, format } = facts
  if (format === null) return []
  const possible = waysFor(facts, wanted)
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

function writtenProblems({ files, image }: AttachFacts, { isWritten }: Wanted): Problem[] {
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
