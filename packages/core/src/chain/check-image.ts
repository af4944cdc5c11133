import { toChainLink, walkChain, type ChainOptions, type WalkedLink } from './walk-chain.ts'
import type { ChainLink } from '../image/image-report.ts'
import { isBlocking, problemFromError } from '../problems/problem.ts'
import { FindingList, type CheckOptions, type CheckReport } from '../image/check-report.ts'
import type { ImagePorts } from '../image/image-files.ts'
import { provenRemarks } from './link-remarks.ts'

export interface ImageCheck {
  readonly report: CheckReport
  /** The file itself first; the tables of its parents are not walked. */
  readonly chain: readonly ChainLink[]
}

/**
 * Checks the tables of one image and its links to its parents: that each is there, can be opened, is the one that was
 * meant, and what a difference in size means. Throws only when the file itself cannot be opened or read, and when `signal` says so.
 */
export async function checkImage(
  path: string,
  ports: ImagePorts,
  options: ChainOptions & CheckOptions = {},
): Promise<ImageCheck> {
  await using walked = await walkChain(path, ports, options)
  const [top] = walked.links
  const { file, driver, facts } = top
  const own = (await driver.check?.(file, ports, options)) ?? notChecked(top)
  const chain = new FindingList(file.path)
  const said = new Set(own.findings.map(({ message }) => message))
  for (const [depth, link] of walked.links.entries()) {
    const unsaid = link.facts.problems.filter((problem) => isBlocking(problem) && !said.has(problem.message))
    for (const problem of depth > 0 || driver.check ? unsaid : []) chain.adoptRefusal(problem)
  }
  for (const failure of walked.failures) chain.adoptRefusal(problemFromError(failure))
  for (const remark of walked.remarks)
    chain.adopt(provenRemarks.has(remark.id) ? 'corruption' : 'remark', remark)
  for (const [depth, link] of walked.links.entries()) addSizes(chain, link, walked.links[depth + 1])
  const hasChain = facts.parent !== null
  const links = chain.report({
    format: facts.format,
    checked: hasChain ? ['chain'] : [],
    isComplete: true,
    allocatedBytes: null,
    leakedBytes: 0,
  })
  return { report: merged(own, links), chain: walked.links.map((link) => toChainLink(link)) }
}

/** The facts are all that is known of formats without a check of their own. */
function notChecked({ file, facts }: WalkedLink): CheckReport {
  const findings = new FindingList(file.path)
  for (const problem of facts.problems) {
    if (isBlocking(problem)) findings.adoptRefusal(problem)
    else findings.adopt('remark', problem)
  }
  findings.add('remark', {
    id: 'format-not-checked',
    message: `The tables of ${facts.format} are not checked: only its headers were read.`,
    remedy: 'Read the whole disk once: varve digest finds what cannot be read.',
  })
  return findings.report({
    format: facts.format,
    checked: [],
    isComplete: findings.corruptions === 0,
    allocatedBytes: null,
    leakedBytes: 0,
  })
}

/** A parent may have any size, but what a smaller child does not show is lost when the two are merged. */
function addSizes(findings: FindingList, child: WalkedLink, parent: WalkedLink | undefined): void {
  const [size, parentSize] = [child.facts.virtualSize, parent?.facts.virtualSize ?? null]
  if (!parent || size === null || parentSize === null || parentSize <= size) return
  findings.add('remark', {
    id: 'parent-larger',
    message: `The parent ${JSON.stringify(parent.file.path)} has ${parentSize} bytes, this image only ${size}.`,
    remedy:
      'What the parent holds behind that is not part of this disk: keep that in mind before you merge them.',
  })
}

function merged(own: CheckReport, links: CheckReport): CheckReport {
  const add = (key: 'corruptions' | 'leaks' | 'remarks') => own.totals[key] + links.totals[key]
  return {
    ...own,
    isComplete: own.isComplete && links.isComplete,
    checked: [...own.checked, ...links.checked],
    findings: [...own.findings, ...links.findings],
    totals: { ...own.totals, corruptions: add('corruptions'), leaks: add('leaks'), remarks: add('remarks') },
  }
}
