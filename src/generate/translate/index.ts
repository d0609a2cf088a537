/** Records in another language, English or Japanese. */
export { translate } from './translate.ts'
