import { formatRules } from '@varve/core/image/format-rules'
import { guestProblem } from '@varve/core/guest/guest-problem'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { windowsProblems } from '../attach/windows.ts'
import { blocking } from '../blocking.ts'
import type { Survey } from '../actions/reclaim-survey.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { dependentsProblem, partOfProblems, remarks, useProblems } from '../image-files-problems.ts'
import { powershellWord } from '../plans/shown.ts'
import { isOfDocker } from '../distributions/problems.ts'
import type { InPlaceFacts, ReclaimFacts } from './facts.ts'
import { doubtProblems, nothingProblem, unseenProblems } from './problems.ts'

/** What speaks against Windows compacting the image in place, and what it takes besides. */
export function inPlaceProblems(facts: ReclaimFacts, inPlace: InPlaceFacts, zerosOnly: boolean): Problem[] {
  const { image, chain, problems, survey } = facts
  const [own] = chain
  const host = hostProblems(image.path, inPlace)
  if (host.length > 0) return host
  return [
    ...problems,
    ...(own ? kindProblems(own) : []),
    ...attributeProblems(image.path, inPlace),
    ...alreadyProblems(image.path, inPlace),
    ...partOfProblems(image, (whole) => ['varve', 'reclaim', whole, '--in-place']),
    ...dependentsProblem(image),
    ...useProblems(image),
    ...remarks({ ...image, elsewhere: [] }),
    ...(zerosOnly || !survey ? [] : insideProblems(image.path, survey, inPlace)),
    ...(survey ? nothingProblem(survey, image.path) : []),
    changedInPlace(image.path),
  ]
}

const anew = (file: string) => `have it written anew: varve reclaim ${powershellWord(file)}`

function hostProblems(file: string, { ways, hasDiskpart }: InPlaceFacts): Problem[] {
  if (ways.windows === undefined)
    return [
      blocking(file, {
        id: 'no-way',
        layer: 'L2',
        why: `Windows compacts images in place, by Hyper-V or diskpart, and this host runs ${ways.system}`,
        remedy: `Leave --in-place out, and ${anew(file)}`,
      }),
    ]
  const found = windowsProblems({ ways, image: file }).map((problem): Problem => ({
    ...problem,
    remedy: `${problem.id === 'not-elevated' ? 'Do it in a PowerShell that was started with "Run as administrator"; or leave' : 'Leave'} --in-place out, and ${anew(file)}`,
  }))
  if (found.length > 0 || ways.windows.by === 'hyper-v') return found
  if (hasDiskpart) return nameProblems(file)
  return [
    blocking(file, {
      id: 'no-way',
      layer: 'L2',
      why: 'this Windows has neither Hyper-V nor diskpart, which would compact it',
      remedy: `Leave --in-place out, and ${anew(file)}`,
    }),
  ]
}

/** Neither how a script of diskpart would have other names nor its code page is documented. */
function nameProblems(file: string): Problem[] {
  if (/^[\u0020-\u007E]+$/u.test(file) && !file.includes('"')) return []
  return [
    blocking(file, {
      id: 'name-of-diskpart',
      layer: 'L1',
      why: 'diskpart, which compacts where there is no Hyper-V, can only be relied on for names of printable ASCII',
      remedy: `Rename it; or leave --in-place out, and ${anew(file)}`,
    }),
  ]
}

function kindProblems({ path, format, subformat }: LinkFacts): Problem[] {
  if (format !== 'vhd' && format !== 'vhdx')
    return [
      blocking(path, {
        id: 'not-compacted',
        layer: 'L2',
        why: `Windows compacts VHD and VHDX in place, and this is ${formatRules[format].label}`,
        remedy: `Leave --in-place out, and ${anew(path)}`,
      }),
    ]
  if (subformat !== 'fixed') return []
  return [
    blocking(path, {
      id: 'not-compacted',
      layer: 'L2',
      why: 'it is a fixed one, which has all its blocks whatever is in them',
      remedy: `Make it a dynamic one: varve convert ${powershellWord(path)} NEW.${format}`,
    }),
  ]
}

/** What is in the disk of a distribution it tells itself, once it runs. */
function insideProblems(file: string, survey: Survey, { distribution, ways }: InPlaceFacts): Problem[] {
  if (distribution === null) {
    const isTrimmed = ways.windows?.by !== 'diskpart'
    return [
      ...doubtProblems(survey, file).map(orShadowed),
      ...unseenProblems(survey, file),
      ...(isTrimmed ? [] : [notTrimmed(file)]),
    ]
  }
  const { name, owner, isOwn } = distribution
  if (isOfDocker(distribution))
    return [
      {
        id: 'not-trimmed',
        severity: 'info',
        layer: 'L6',
        file,
        message: `L6 ${quote(file)}: nobody trims what is in the disk of Docker Desktop before`,
        remedy: 'Remove what Docker does not need, with Docker running: docker system prune.',
      },
    ]
  if (!isOwn)
    return [
      blocking(file, {
        id: 'distribution-of-other',
        layer: 'L6',
        why: `it is the disk of the WSL distribution ${name} of ${owner}, which starts for ${owner} alone`,
        remedy: `Have ${owner} do it; or make holes of zeros only: varve reclaim --in-place --zeros-only.`,
        details: { distribution: name, owner },
      }),
    ]
  return [
    {
      id: 'distribution-starts',
      severity: 'warn',
      asks: true,
      layer: 'L6',
      file,
      message: `L6 ${quote(file)}: the WSL distribution ${name} is started to trim its filesystem, and ended again; what it starts by itself runs meanwhile`,
      remedy: 'Leave it as it is with --zeros-only, or consent with --accept distribution-starts.',
      details: { distribution: name },
    },
  ]
}

/** Windows goes by the bitmap of an NTFS, and shadow copies need bytes that it calls free. */
function orShadowed(problem: Problem): Problem {
  if (problem.details?.['kind'] !== 'shadow-copies') return problem
  const { message, remedy } = problem
  return {
    ...problem,
    severity: 'block',
    message: `${message}, and Windows would take it`,
    remedy: `${remedy} Or make holes of zeros only: varve reclaim --in-place --zeros-only.`,
  }
}

/** Without the module of Storage only zeros, and what Windows sees to be free in NTFS, go. */
function notTrimmed(file: string): Problem {
  return {
    id: 'not-trimmed',
    severity: 'info',
    layer: 'L6',
    file,
    message: `L6 ${quote(file)}: this Windows has no module of Storage, and its volumes are not trimmed before`,
    remedy: 'Trim them in the guest before: Optimize-Volume -ReTrim, or defrag /L.',
  }
}

/** Windows opens no such file as a disk. */
function attributeProblems(file: string, { attributes, distribution }: InPlaceFacts): Problem[] {
  if (attributes.length === 0) return []
  const found = guestProblem('not-for-hyper-v', file, { attributes: [...attributes] })
  const isOfWsl = distribution?.kind === 'distribution' && attributes.includes('sparse')
  const remedy = isOfWsl
    ? `Have WSL make it a plain file first: wsl --manage ${powershellWord(distribution.name)} --set-sparse false`
    : `${found.remedy} Or ${anew(file)}`
  return [{ ...found, severity: 'block', remedy }]
}

function alreadyProblems(file: string, { already }: InPlaceFacts): Problem[] {
  if (already === null) return []
  return [
    blocking(file, {
      id: 'already-attached',
      layer: 'L3',
      why: `it is attached, as ${already}`,
      remedy: `Detach it first: varve detach ${powershellWord(already)}`,
      details: { device: already },
    }),
  ]
}

function changedInPlace(file: string): Problem {
  return {
    id: 'in-place',
    severity: 'warn',
    asks: true,
    layer: 'L2',
    file,
    message: `L2 ${quote(file)}: Windows changes the file itself, and nothing of before is kept; a failure of the host in the middle may damage it`,
    remedy: 'Take a clone before, leave --in-place out, or consent with --accept in-place.',
  }
}
