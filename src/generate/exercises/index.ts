export { exercises } from './exercises.ts'
