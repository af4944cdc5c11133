import { nameOfKind } from '@varve/core/formats/writable-formats'
import { compareImages } from '../actions/compare-images.ts'
import { diagnoseFolder } from '../actions/diagnose-folder.ts'
import { digestImage } from '../actions/digest-image.ts'
import { inspectImage } from '../actions/inspect-image.ts'
import { listPlaces } from '../actions/list-places.ts'
import { listQuarantine } from '../actions/list-quarantine.ts'
import { listRuns } from '../actions/list-runs.ts'
import { mapImage } from '../actions/map-image.ts'
import { measureImage } from '../actions/measure-image.ts'
import { baseName } from '../actions/path-words.ts'
import { serveImage, ServeRequest } from '../actions/serve-image.ts'
import { surveyReclaim } from '../actions/survey-reclaim.ts'
import { showChain } from '../actions/show-chain.ts'
import { verifyImage } from '../actions/verify-image.ts'
import { defineOperation } from '../operation.ts'
import { step } from '../plans/plan.ts'
import { freshId } from '../plans/wired.ts'
import { planReading, type ReadingFacts } from './plan-reading.ts'

/** The digest of what the guest sees. */
export const digestOperation = defineOperation({
  name: 'digest',
  request: digestImage.input,
  paths: ['image.path'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'digest', summary: `Digest ${baseName(request.image.path)}` },
      facts,
      step(digestImage, { id: 'digest', host: facts.host, input: request }),
    ),
})

/** Whether two images hold the same disk. */
export const compareOperation = defineOperation({
  name: 'compare',
  request: compareImages.input,
  paths: ['a.path', 'b.path'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      {
        operation: 'compare',
        summary: `Compare ${baseName(request.a.path)} with ${baseName(request.b.path)}`,
      },
      facts,
      step(compareImages, { id: 'compare', host: facts.host, input: request }),
    ),
})

/** Which ranges of the disk are data, zero or absent. */
export const mapOperation = defineOperation({
  name: 'map',
  request: mapImage.input,
  paths: ['image.path'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'map', summary: `Map ${baseName(request.image.path)}` },
      facts,
      step(mapImage, { id: 'map', host: facts.host, input: request }),
    ),
})

/** How large an image can become in another format. */
export const measureOperation = defineOperation({
  name: 'measure',
  request: measureImage.input,
  paths: ['image.path'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      {
        operation: 'measure',
        summary: `Measure ${baseName(request.image.path)} as ${nameOfKind(request.format, request.subformat)}`,
      },
      facts,
      step(measureImage, { id: 'measure', host: facts.host, input: request }),
    ),
})

/** What an image holds for nothing. */
export const reclaimReport = defineOperation({
  name: 'reclaim-report',
  request: surveyReclaim.input,
  paths: ['image.path'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      {
        operation: 'reclaim-report',
        summary: `Find what ${baseName(request.image.path)} holds for nothing`,
      },
      facts,
      step(surveyReclaim, { id: 'survey', host: facts.host, input: request }),
    ),
})

/** Whether an image still holds what it held when it was proven. */
export const verifyOperation = defineOperation({
  name: 'verify',
  request: verifyImage.input,
  paths: ['image.path'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'verify', summary: `Prove ${baseName(request.image.path)} again` },
      facts,
      step(verifyImage, { id: 'verify', host: facts.host, input: request }),
    ),
})

/** What an image is, layer by layer. */
export const infoOperation = defineOperation({
  name: 'info',
  request: inspectImage.input,
  paths: ['image.path'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'info', summary: `Look at ${baseName(request.image.path)}` },
      facts,
      step(inspectImage, { id: 'inspect', host: facts.host, input: request }),
    ),
})

/** What an image is made over, and what is made over it. */
export const chainShow = defineOperation({
  name: 'chain-show',
  request: showChain.input,
  paths: ['image', 'folders'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'chain-show', summary: `Look at the chain of ${baseName(request.image)}` },
      facts,
      step(showChain, { id: 'chain', host: facts.host, input: request }),
    ),
})

/** What is to be mended in a folder. */
export const doctorOperation = defineOperation({
  name: 'doctor',
  request: diagnoseFolder.input,
  paths: ['folder'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'doctor', summary: `Look what is to be mended in ${baseName(request.folder)}` },
      facts,
      step(diagnoseFolder, { id: 'diagnose', host: facts.host, input: request }),
    ),
})

/** Where images can be on a host. */
export const placesOperation = defineOperation({
  name: 'places',
  request: listPlaces.input,
  paths: [],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'places', summary: 'Look at the places of the host' },
      facts,
      step(listPlaces, { id: 'places', host: facts.host, input: request }),
    ),
})

/** What lies in quarantine. */
export const quarantineOperation = defineOperation({
  name: 'quarantine',
  request: listQuarantine.input,
  paths: ['folders'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'quarantine', summary: 'Look what lies in quarantine' },
      facts,
      step(listQuarantine, { id: 'list', host: facts.host, input: request }),
    ),
})

/** Which runs of its own a host has written down. */
export const runsOperation = defineOperation({
  name: 'runs',
  request: listRuns.input,
  paths: [],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'runs', summary: 'Look which runs there are' },
      facts,
      step(listRuns, { id: 'list', host: facts.host, input: request }),
    ),
})

/** Serves the disk of an image for a while. */
export const serveOperation = defineOperation({
  name: 'serve',
  request: ServeRequest,
  paths: ['image.path'],
  plan: (request, facts: ReadingFacts) =>
    planReading(
      { operation: 'serve', summary: `Serve ${baseName(request.image.path)}` },
      facts,
      step(serveImage, { id: 'serve', host: facts.host, input: { ...request, serving: freshId } }),
    ),
})
