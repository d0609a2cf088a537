/** Prompts that an aligned model writes by itself. */
export { magpie, magpieGrid, magpieWrite } from './magpie.ts'
