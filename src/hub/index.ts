/** The Hugging Face Hub over its HTTP API: repositories of data, what their cards say, pulling and pushing files. */
export { type CardNotes, type Chosen, choose, readCard } from './configs.ts'
export { type Dataset, datasetAt, type HubFile, nameAt, readText } from './dataset.ts'
export { type Hub, openHub, pageOf, repoPattern } from './endpoint.ts'
export { type PullOptions, pullFiles } from './pull.ts'
export { type PushOptions, push, type Upload } from './push.ts'
