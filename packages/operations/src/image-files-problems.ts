import { releaseWords } from '@varve/core/problems/causes'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { usesProblems } from '@varve/core/uses/use-problems'
import type { ImageFilesFacts } from './image-files-facts.ts'
import { shellWord } from './plans/shown.ts'
import { searchedWords } from './searched-words.ts'

/** Names in one sentence, at most. */
const mostNamed = 5

/** Refuses an image that others are made over; `without` is what becomes of it, such as `without it`. */
export function dependentsProblem({
  path,
  dependents,
}: Pick<ImageFilesFacts, 'path' | 'dependents'>): Problem[] {
  if (dependents.length === 0) return []
  const named = dependents.slice(0, mostNamed).map((one) => quote(one))
  const more = dependents.length > named.length ? ` and ${dependents.length - named.length} more` : ''
  return [
    {
      id: 'has-dependents',
      severity: 'block',
      layer: 'L2',
      file: path,
      message: `L2 ${quote(path)}: other images are made over it and cannot be read without it: ${named.join(', ')}${more}`,
      remedy: 'Flatten, rebase or delete those first.',
      details: { dependents },
    },
  ]
}

/** Refuses to act on a part of an image by itself; `instead` is the command that acts on the whole image. */
export function partOfProblems(
  { path, partOf }: Pick<ImageFilesFacts, 'path' | 'partOf'>,
  instead: (image: string) => readonly string[],
): Problem[] {
  if (partOf === null) return []
  return [
    {
      id: 'part-of-image',
      severity: 'block',
      layer: 'L1',
      file: path,
      message: `L1 ${quote(path)}: it is a part of the image ${quote(partOf)}, which cannot be read without it`,
      remedy: `Act on the whole image: ${instead(partOf).map(shellWord).join(' ')}`,
      details: { image: partOf },
    },
  ]
}

/** Refuses what somebody uses, or another run works on; that it was not seen is said. */
export function useProblems({ uses }: Pick<ImageFilesFacts, 'uses'>): Problem[] {
  const usesOf = (file: string | null) => uses.files.find(({ path }) => path === file)?.uses ?? []
  return usesProblems(uses).map((problem): Problem => {
    if (problem.id === 'run-busy') return { ...problem, severity: 'block' }
    if (problem.id !== 'in-use') return problem
    return {
      ...problem,
      severity: 'block',
      remedy: `${releaseWords(usesOf(problem.file)) ?? 'Stop the machine or program that has it open'}, and try again.`,
    }
  })
}

/** Says which virtual machines, and which distribution of WSL, name the image as a disk of theirs: they do not start without it. */
export function machineProblems({ path, machines, distribution }: ImageFilesFacts): Problem[] {
  const ofWsl = distribution === undefined ? [] : [distributionNeedsIt(path, distribution)]
  const ofMachines = machines.map((definition): Problem => ({
    id: 'machine-needs-it',
    severity: 'warn',
    layer: 'L1',
    file: path,
    message: `L1 ${quote(path)}: the machine that ${quote(definition)} describes has it as a disk`,
    remedy: 'Remove the disk from that machine first; else its definition is to be mended afterwards.',
    details: { uses: [{ by: 'machine', definition }] },
  }))
  return [...ofMachines, ...ofWsl]
}

function distributionNeedsIt(path: string, name: string): Problem {
  return {
    id: 'distribution-needs-it',
    severity: 'warn',
    layer: 'L1',
    file: path,
    message: `L1 ${quote(path)}: the WSL distribution ${name} has all its files in it, and does not start without it`,
    remedy: `WSL moves it with its distribution: wsl --manage ${name} --move FOLDER. To be rid of both: wsl --unregister ${name}`,
    details: { distribution: name },
  }
}

/** Says what stays where it is, and where images that are made over it were looked for. */
export function remarks(facts: ImageFilesFacts): Problem[] {
  const { path, elsewhere, unseen } = facts
  const parts: Problem[] = elsewhere.map((part) => ({
    id: 'part-stays',
    severity: 'warn',
    layer: 'L1',
    file: path,
    message: `L1 ${quote(path)}: its part ${quote(part)} lies in another folder and stays there`,
    remedy: 'Move or delete it by hand when nothing else needs it.',
    details: { part },
  }))
  if (unseen === null) return [...parts, ...nobodyAbove(facts)]
  const limit: Problem = {
    id: 'dependents-not-seen',
    severity: 'warn',
    layer: 'L2',
    file: path,
    message: `L2 ${quote(path)}: it was not seen whether all other images can do without it: ${unseen}`,
    remedy: 'Make sure that no other image is made over it.',
  }
  return [...parts, limit]
}

/** That no image was found over it says nothing of folders that were not searched. */
function nobodyAbove({ path, dependents, searched }: ImageFilesFacts): Problem[] {
  const where = searchedWords(searched)
  if (dependents.length > 0 || where === null) return []
  return [
    {
      id: 'no-dependents',
      severity: 'info',
      layer: 'L2',
      file: path,
      message: `L2 ${quote(path)}: no image that is made over it is in ${where}; other folders were not searched`,
      remedy: `varve chain show ${shellWord(path)} --folder FOLDER searches another one.`,
      details: { searched },
    },
  ]
}
